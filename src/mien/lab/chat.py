"""One method to ask a language model, and four ways to answer: a server, a replay, a recorder, rules.

    Chat.complete(messages, schema) -> Reply

With a schema, every back-end promises a reply whose text is JSON that satisfies it, or raises `ReplyError`.

    MienError
    └── ChatError      no reply could be had
        └── ReplyError a reply came and breaks the schema
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from socket import SHUT_RDWR
from typing import Literal, Protocol
from urllib.parse import urlsplit

from mien.errors import InputError, MienError
from mien.lab.schema import Json, Schema, fault

_RETRIED = frozenset({408, 425, 429}) | frozenset(range(500, 600))
_LARGEST = 8 * 2**20  # bytes of one reply; a longer one is a fault of the server, not an answer
_LONGEST_WAIT = 60.0  # seconds; a server that asks for more is not worth a hanging run
_LONGEST_TIMEOUT = 86_400  # seconds; sockets take no endless one
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n\s*```\s*\Z", re.DOTALL)


class ChatError(MienError):
    """No reply could be had."""


class ReplyError(ChatError):
    """A reply came and is not the JSON that was asked for."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written, requests made, and their price in the currency of the price list."""

    prompt: int = 0
    reply: int = 0
    requests: int = 0
    cost: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt + other.prompt,
            self.reply + other.reply,
            self.requests + other.requests,
            self.cost + other.cost,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model said; `finish` is "length" where the server cut it short."""

    text: str
    usage: Usage = Usage()
    model: str = ""
    finish: str = "stop"

    def json(self) -> Json:
        """The text as JSON; a fenced block is unwrapped."""
        return read(self.text)


class Chat(Protocol):
    """Anything that answers a conversation."""

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """A chat without a model: a function of the conversation answers, and the reply is named after it."""

    answer: Callable[[Sequence[Message]], str]
    name: str = "rules"

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Reply:
        return _checked(Reply(self.answer(messages), Usage(requests=1), self.name), schema)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Any chat, each reply also written to a file that `Replay` reads."""

    chat: Chat
    path: Path
    scope: str = ""

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Reply:
        reply = self.chat.complete(messages, schema)
        record = {
            "key": key(messages, schema, self.scope),
            "scope": self.scope,
            "messages": [asdict(m) for m in messages],
            "reply": asdict(reply),
        }
        # Unbuffered append: one system call a line, so parallel recorders of one file never mix their lines.
        with self.path.open("ab", buffering=0) as file:
            file.write((json.dumps(record) + "\n").encode())
        return reply


@dataclass(frozen=True, slots=True)
class Replay:
    """The replies of a recording; the same question in the same scope gives its last recorded reply."""

    replies: Mapping[str, Reply]
    scope: str = ""

    @classmethod
    def load(cls, path: Path, scope: str = "") -> Replay:
        """Read a recording; a line that is not a transcript is an error, not a gap."""
        return cls(dict(_transcripts(path)), scope)

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Reply:
        reply = self.replies.get(key(messages, schema, self.scope))
        if reply is None:
            asked = messages[-1].content[:80] if messages else ""
            raise ChatError(
                f"no recorded reply to {asked!r} in scope {self.scope!r} among {len(self.replies)}; "
                "record again with the same prompts and settings"
            )
        return _checked(reply, schema)


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, read and written."""

    prompt: float = 0.0
    reply: float = 0.0

    def of(self, prompt: int, reply: int) -> float:
        return (prompt * self.prompt + reply * self.reply) / 1e6


@dataclass(frozen=True, slots=True)
class Server:
    """An OpenAI-compatible server, e.g. `Server("http://127.0.0.1:8080/v1", "any")` for llama.cpp.

    Redirects are not followed: the key reaches the named host alone. `timeout` bounds one whole request in seconds.
    """

    base_url: str
    model: str
    key_variable: str = "OPENAI_API_KEY"
    temperature: float = 0.0
    seed: int | None = None
    max_tokens: int = 1024
    timeout: float = 120.0
    attempts: int = 5
    corrections: int = 2
    backoff: float = 1.0
    price: Price = Price()
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            url = urlsplit(self.base_url)
            fits = url.scheme in ("http", "https") and url.hostname and url.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise InputError(f"base URL must look like http://host:port/v1, got {self.base_url!r}")
        if self.attempts < 1 or self.corrections < 0 or not 0 < self.timeout <= _LONGEST_TIMEOUT:
            raise InputError(
                f"attempts must be 1 or more, corrections 0 or more, timeout above 0, at most {_LONGEST_TIMEOUT}, "
                f"got {self.attempts}, {self.corrections}, {self.timeout}"
            )

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Reply:
        """Ask until the reply satisfies the schema, telling the model each time what was wrong."""
        asked, spent, complaint = list(messages), Usage(), ""
        for _ in range(self.corrections + 1):
            reply = self._ask(asked, schema)
            spent += reply.usage
            try:
                return replace(_checked(reply, schema), usage=spent)
            except ReplyError as error:
                complaint = str(error)
            asked += [Message("assistant", reply.text), Message("user", f"{complaint}. Answer with valid JSON only.")]
        raise ReplyError(f"no valid JSON from {self.model} in {self.corrections + 1} replies; the last: {complaint}")

    def _ask(self, messages: Sequence[Message], schema: Schema | None) -> Reply:
        body, headers, fault, wait = self._body(messages, schema), self._headers(), "", 0.0
        for attempt in range(self.attempts):
            if attempt:
                self.sleep(min(wait or self.backoff * 2 ** (attempt - 1) * random.uniform(0.5, 1), _LONGEST_WAIT))
            try:
                status, wait, data = self._post(body, headers)
                if status == 200:
                    return self._reply(data)
            except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
                fault, wait = f"{type(error).__name__}: {error}", 0.0
                continue
            fault = f"HTTP {status}: {data[:300].decode('utf-8', 'replace')}"
            if status not in _RETRIED:
                raise ChatError(f"{self.base_url} refused the request with {fault}; check URL, model and key")
        raise ChatError(f"no reply from {self.base_url} in {self.attempts} attempts; the last fault was {fault}")

    def _body(self, messages: Sequence[Message], schema: Schema | None) -> bytes:
        body: dict[str, object] = {
            "model": self.model,
            "messages": [asdict(m) for m in messages],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "stream": False,
        }
        if self.seed is not None:
            body["seed"] = self.seed
        if schema is not None:
            form = {"name": "reply", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return json.dumps(body).encode()

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if secret := os.environ.get(self.key_variable, "").strip():
            if not (secret.isascii() and secret.isprintable()):  # the library's own error would show the key
                raise InputError(f"{self.key_variable} holds characters that no key has; set it again")
            headers["Authorization"] = f"Bearer {secret}"
        return headers

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, float, bytes]:
        """Status, seconds the server asks to wait, and body of one request."""
        url = urlsplit(self.base_url)
        secure = url.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(url.hostname or "", url.port, timeout=self.timeout)
        try:
            connection.connect()
            with _deadline(connection, self.timeout):
                connection.request("POST", url.path.rstrip("/") + "/chat/completions", body, headers)
                response = connection.getresponse()
                data = response.read(_LARGEST + 1)
        finally:
            connection.close()
        if len(data) > _LARGEST:
            raise ValueError(f"the reply is longer than {_LARGEST} bytes")
        return response.status, _seconds(response.getheader("Retry-After")), data

    def _reply(self, data: bytes) -> Reply:
        answer = json.loads(data)
        try:
            choice = answer["choices"][0]
            text, finish = choice["message"]["content"], choice.get("finish_reason")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ValueError(f"the reply has no choices[0].message.content: {data[:200]!r}") from error
        if not isinstance(text, str):
            raise ValueError(f"the content of the reply must be text, got {text!r}")
        prompt, written = _tokens(answer, "prompt_tokens"), _tokens(answer, "completion_tokens")
        usage = Usage(prompt, written, 1, self.price.of(prompt, written))
        return Reply(_THOUGHT.sub("", text).strip(), usage, str(answer.get("model") or self.model), finish or "stop")


def key(messages: Sequence[Message], schema: Schema | None = None, scope: str = "") -> str:
    """The name of a question in a recording: the same words, schema and scope give the same key everywhere."""
    asked = [scope, [[m.role, m.content] for m in messages], schema]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def read(text: str) -> Json:
    """The JSON of a reply, also from inside one fenced block."""
    fenced = _FENCE.match(text)
    try:
        return json.loads(fenced.group(1) if fenced else text, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise ReplyError(f"the reply must be JSON, got {text[:80]!r} ({error})") from error


def _refused(constant: str) -> Json:
    raise ValueError(f"{constant} is no number of JSON")


def _checked(reply: Reply, schema: Schema | None) -> Reply:
    if schema is not None and (wrong := fault(reply.json(), schema)):
        raise ReplyError(wrong)
    return reply


def _transcripts(path: Path) -> Iterator[tuple[str, Reply]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no recording ({error}); record one first") from error
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            reply = record["reply"]
            yield str(record["key"]), Reply(**{**reply, "usage": Usage(**reply["usage"])})
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} line {number} is no recorded reply ({error}); record again") from error


@contextmanager
def _deadline(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """Cut the connection after so many seconds: a socket timeout alone lets a server drip bytes for ever."""
    socket = connection.sock

    def cut() -> None:
        with suppress(OSError):
            socket.shutdown(SHUT_RDWR)

    watchdog = threading.Timer(seconds, cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


def _seconds(header: str | None) -> float:
    """The wait a Retry-After header asks for; 0 where it is absent or a date."""
    return float(header) if header and header.isascii() and header.isdigit() else 0.0


def _tokens(answer: Mapping[str, Json], name: str) -> int:
    usage = answer.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) else 0
