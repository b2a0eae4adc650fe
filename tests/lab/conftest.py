"""A loop-back chat server whose every answer a test decides."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Answer = Callable[[dict, BaseHTTPRequestHandler], None]


@dataclass
class Stub:
    """Runs `answers` in turn, the last for ever, and keeps what was asked."""

    answers: list[Answer]
    url: str = ""
    asked: list[dict] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        turn = min(len(self.asked), len(self.answers) - 1)
        self.asked.append({"path": handler.path, **body})
        self.headers.append(dict(handler.headers))
        self.answers[turn](body, handler)


def send(status: int, body: bytes, **headers: str) -> Answer:
    """An answer of raw bytes; headers are named with underscores."""

    def answer(_: dict, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def completion(text: str, **usage: int) -> bytes:
    """The body of a well-formed reply."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"model": "stub", "choices": [choice], "usage": usage}).encode()


@pytest.fixture
def stub() -> Iterator[Callable[..., Stub]]:
    servers: list[ThreadingHTTPServer] = []

    def start(*answers: Answer) -> Stub:
        made = Stub(list(answers))

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                made.answer(self)

            def log_message(self, *_: object) -> None:
                """Keep the test output clean."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # a client that hangs up is part of the tests
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        made.url = f"http://127.0.0.1:{server.server_port}/v1"
        return made

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def answers() -> tuple[Callable[..., Answer], Callable[..., bytes]]:
    """The two builders of answers, as a fixture because test folders are no packages."""
    return send, completion
