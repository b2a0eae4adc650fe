"""A chat gives a valid reply or says why not, whatever the server does."""

import http.server
import json
import re
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import InputError
from mien.lab.chat import ChatError, Message, Price, Recorder, Replay, ReplyError, Rules, Server, Usage, key, read
from mien.lab.schema import fault

HELLO = [Message("system", "Be brief."), Message("user", "Say hello.")]
YES_NO = {
    "type": "object",
    "properties": {"answer": {"enum": ["yes", "no"]}, "sure": {"type": "number", "minimum": 0, "maximum": 1}},
    "required": ["answer"],
    "additionalProperties": False,
}


def server(url: str, waits: list[float] | None = None, **settings: object) -> Server:
    return Server(url, "stub", sleep=(waits if waits is not None else []).append, **settings)  # type: ignore[arg-type]


@pytest.fixture
def send(answers: tuple) -> Callable:
    return answers[0]


@pytest.fixture
def said(answers: tuple) -> Callable:
    """A well-formed answer of the server with this text."""
    return lambda text, **usage: answers[0](200, answers[1](text, **usage))


def test_the_request_is_what_the_protocol_asks(stub, said) -> None:
    it = stub(said("hello"))
    assert server(it.url, seed=3, max_tokens=9).complete(HELLO).text == "hello"
    assert it.asked == [
        {
            "path": "/v1/chat/completions",
            "model": "stub",
            "messages": [asdict(m) for m in HELLO],
            "temperature": 0.0,
            "max_tokens": 9,
            "seed": 3,
            "stream": False,
        }
    ]


def test_tokens_requests_and_cost_are_counted(stub, said) -> None:
    it = stub(said("x", prompt_tokens=1000, completion_tokens=10), said('{"answer": "yes"}', prompt_tokens=500))
    reply = server(it.url, price=Price(prompt=2.0, reply=6.0)).complete(HELLO, YES_NO)
    assert reply.usage == Usage(1500, 10, 2, pytest.approx((1500 * 2 + 10 * 6) / 1e6))


@pytest.mark.parametrize("usage", [None, [], "many", {"prompt_tokens": "ten"}, {"prompt_tokens": None}])
def test_a_server_that_counts_no_tokens_counts_as_zero(stub, send, usage) -> None:
    body = {"choices": [{"message": {"content": "hi"}}], "usage": usage}
    assert server(stub(send(200, json.dumps(body).encode())).url).complete(HELLO).usage == Usage(requests=1)


def test_the_key_comes_from_the_environment_and_shows_nowhere(stub, send, said, monkeypatch) -> None:
    monkeypatch.setenv("STUB_KEY", "s3cret")
    it = stub(said("hi"), send(401, b"bad key"))
    chat = server(it.url, key_variable="STUB_KEY")
    chat.complete(HELLO)
    assert it.headers[0]["Authorization"] == "Bearer s3cret"
    with pytest.raises(ChatError, match="HTTP 401: bad key") as caught:
        chat.complete(HELLO)
    assert "s3cret" not in repr(chat) + str(caught.value)


@pytest.mark.parametrize("key", ["s3\ncret", "s3cret\u2026"])
def test_a_key_that_is_none_is_told_without_showing_it(stub, said, monkeypatch, key) -> None:
    monkeypatch.setenv("STUB_KEY", key)
    with pytest.raises(InputError, match="STUB_KEY holds characters") as caught:
        server(stub(said("hi")).url, key_variable="STUB_KEY").complete(HELLO)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_a_busy_server_is_asked_again(stub, send, said, status) -> None:
    it, waits = stub(send(status, b""), send(status, b""), said("hi")), []
    assert server(it.url, waits, backoff=1.0).complete(HELLO).text == "hi"
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2


@pytest.mark.parametrize(("header", "wait"), [("7", (7, 7)), ("100000", (60, 60)), ("Wed, 21 Oct 2026", (0.5, 1))])
def test_retry_after_is_kept_up_to_a_minute(stub, send, said, header, wait) -> None:
    waits: list[float] = []
    server(stub(send(429, b"", Retry_After=header), said("hi")).url, waits).complete(HELLO)
    assert wait[0] <= waits[0] <= wait[1]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_final(stub, send, said, status) -> None:
    it = stub(send(status, b"no such model"), said("hi"))
    with pytest.raises(ChatError, match=f"HTTP {status}: no such model"):
        server(it.url).complete(HELLO)
    assert len(it.asked) == 1


def test_a_redirect_is_not_followed_so_the_key_stays(stub, send, said) -> None:
    other = stub(said("stolen"))
    it = stub(send(307, b"", Location=other.url + "/chat/completions"))
    with pytest.raises(ChatError, match="HTTP 307"):
        server(it.url).complete(HELLO)
    assert other.asked == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>gateway</html>", "JSONDecodeError"),
        (b'{"choices": [{"mess', "JSONDecodeError"),
        (b"data: {}\n\ndata: [DONE]\n\n", "JSONDecodeError"),
        (b"\xff\xfe", "Error"),
        (b"[]", "no choices"),
        (b'{"choices": []}', "no choices"),
        (b'{"choices": [{"message": {}}]}', "no choices"),
        (b'{"choices": [{"message": {"content": null}}]}', "must be text, got None"),
        (b"[" * 100_000, "deep|Recursion"),
    ],
)
def test_a_malformed_reply_is_asked_again_and_then_told(stub, send, said, body, words) -> None:
    assert server(stub(send(200, body), said("hi")).url).complete(HELLO).text == "hi"
    with pytest.raises(ChatError, match=f"in 2 attempts.*({words})"):
        server(stub(send(200, body)).url, attempts=2).complete(HELLO)


def test_a_truncated_reply_is_asked_again(stub, send, said) -> None:
    def cut(_: dict, handler: http.server.BaseHTTPRequestHandler) -> None:
        send(200, b'{"choices"', Content_Length="1000")(_, handler)
        handler.connection.shutdown(socket.SHUT_RDWR)

    assert server(stub(cut, said("hi")).url).complete(HELLO).text == "hi"


def test_a_server_that_hangs_up_is_asked_again(stub, said) -> None:
    assert server(stub(lambda _, h: h.connection.shutdown(2), said("hi")).url).complete(HELLO).text == "hi"


def test_an_endless_reply_is_cut(stub, send, monkeypatch) -> None:
    monkeypatch.setattr("mien.lab.chat._LARGEST", 1000)
    with pytest.raises(ChatError, match="longer than 1000 bytes"):
        server(stub(send(200, b" " * 5000)).url, attempts=1).complete(HELLO)


@pytest.mark.parametrize("part", ["headers", "body", "nothing"])
def test_a_server_that_drips_is_cut_at_the_timeout(stub, part) -> None:
    def drip(_: dict, handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if part == "body" else b"X: "))
        for _ in range(0 if part == "nothing" else 100):
            time.sleep(0.03)
            handler.wfile.write(b" ")
        time.sleep(1)

    start = time.perf_counter()
    with pytest.raises(ChatError, match="no reply from"):
        server(stub(drip).url, attempts=1, timeout=0.2).complete(HELLO)
    assert time.perf_counter() - start < 1.5  # 0.2 s, and slack for a busy machine; without the cut it is 3


def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ChatError, match=r"in 3 attempts.*refused"):
        server(f"http://127.0.0.1:{port}/v1", attempts=3).complete(HELLO)


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://host/v1", "http://", "file:///etc/passwd", "http://h:x/v1", "http://[1/v1"]
)
def test_a_url_that_is_none_is_refused(url) -> None:
    with pytest.raises(InputError, match="base URL must look like"):
        Server(url, "m")


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), 1e300])
def test_a_timeout_that_no_socket_takes_is_refused(seconds) -> None:
    with pytest.raises(InputError, match="timeout above 0, at most"):
        Server("http://127.0.0.1/v1", "m", timeout=seconds)


def test_a_schema_is_asked_for_and_a_wrong_reply_is_told_what_is_wrong(stub, said) -> None:
    it = stub(said('{"answer": "perhaps"}'), said('```json\n{"answer": "yes"}\n```'))
    assert server(it.url).complete(HELLO, YES_NO).json() == {"answer": "yes"}
    assert it.asked[0]["response_format"]["json_schema"]["schema"] == YES_NO
    assert "one of ['yes', 'no'], got 'perhaps'" in it.asked[1]["messages"][-1]["content"]
    assert it.asked[1]["messages"][-2] == {"role": "assistant", "content": '{"answer": "perhaps"}'}


def test_replies_that_never_fit_the_schema_end_in_an_error(stub, said) -> None:
    it = stub(said("no JSON at all"))
    with pytest.raises(ReplyError, match="in 3 replies"):
        server(it.url, corrections=2).complete(HELLO, YES_NO)
    assert len(it.asked) == 3


def test_the_thoughts_of_a_model_are_not_its_reply(stub, said) -> None:
    assert server(stub(said("<think>J or F?\nJ is safer.</think>\nF")).url).complete(HELLO).text == "F"


def test_a_recording_replays_the_same_replies(tmp_path: Path, stub, said) -> None:
    path = tmp_path / "talk.jsonl"
    first = Recorder(server(stub(said('{"answer": "no"}')).url), path).complete(HELLO, YES_NO)
    other = Recorder(Rules(lambda m: "bonjour"), path, scope="seed 1").complete(HELLO)
    assert Replay.load(path).complete(HELLO, YES_NO) == first
    assert Replay.load(path, scope="seed 1").complete(HELLO) == other
    with pytest.raises(ChatError, match=r"no recorded reply to 'Say hello\.' in scope ''"):
        Replay.load(path).complete(HELLO)


@pytest.mark.parametrize("line", ["{}", "[1]", "nonsense", '{"key": "k", "reply": {"usage": {}, "strange": 1}}'])
def test_a_damaged_recording_names_its_line(tmp_path: Path, line) -> None:
    path = tmp_path / "talk.jsonl"
    Recorder(Rules(lambda m: "x"), path).complete(HELLO)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(InputError, match="line 2 is no recorded reply"):
        Replay.load(path)


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"\xff")
    for name in ("none", "odd"):
        with pytest.raises(InputError, match=f"{name} is no recording"):
            Replay.load(tmp_path / name)


def test_rules_that_break_the_schema_are_an_error() -> None:
    with pytest.raises(ReplyError, match="lacks 'answer'"):
        Rules(lambda m: "{}").complete(HELLO, YES_NO)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"answer": "yes"}, ""),
        ({"answer": "yes", "sure": 1}, ""),
        ([], "of type object, got \\[\\]"),
        ({}, "lacks 'answer'"),
        ({"answer": "maybe"}, r"reply.answer must be one of \['yes', 'no'\], got 'maybe'"),
        ({"answer": "yes", "sure": 1.1}, r"reply.sure must lie in \[0, 1\], got 1.1"),
        ({"answer": "yes", "sure": True}, "of type number, got True"),
        ({"answer": "yes", "why": ""}, "'why', which nobody asked for"),
    ],
)
def test_the_first_fault_of_a_value_is_named(value, words) -> None:
    assert re.search(words or r"\A\Z", fault(value, YES_NO))


def test_nan_lies_in_no_range_and_items_are_checked() -> None:
    schema = {"type": "array", "items": {"type": "number", "minimum": 0}}
    assert fault([1, 2.5], schema) == ""
    assert "reply[1] must lie in" in fault([0, float("nan")], schema)


def test_a_keyword_that_would_go_unchecked_is_refused() -> None:
    with pytest.raises(InputError, match=r"got \['pattern'\]"):
        fault("x", {"type": "string", "pattern": "y"})
    with pytest.raises(InputError, match="got 'text'"):
        fault("x", {"type": "text"})


words = st.text(max_size=5)
talks = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant"]), words), max_size=4)


@given(talks, talks, words, words)
def test_only_the_same_question_has_the_same_key(a, b, scope, other) -> None:
    assert (key(a, None, scope) == key(b, None, other)) == ((a, scope) == (b, other))


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_python_alone_takes_for_a_number_is_no_json(constant: str) -> None:
    with pytest.raises(ReplyError, match="no number of JSON"):
        read(f'{{"sure": {constant}}}')


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x, max_size=3)))
def test_json_is_read_bare_or_fenced(value) -> None:
    text = json.dumps(value)
    assert read(text) == value == read(f"```json\n{text}\n```")
