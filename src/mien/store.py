"""Card → verified weights: out of the wheel, out of the cache, or fetched once; the hash is checked every time."""

from __future__ import annotations

import hashlib
import importlib
import os
import pkgutil
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from mien.card import Card
from mien.errors import InputError, StoreError, unknown

LIMIT = 1_000_000_000  # bytes of a download whose card states no size
WHEEL = Path(__file__).with_name("weights")
_FOLDERS = ("models", "detectors")  # whose files may hold CARDS
_ATTEMPTS = 5
_CHUNK = 1 << 16

Progress = Callable[[int, int], None]  # bytes so far, bytes in all or 0 where nobody says


class _Cut(Exception):
    """A connection that ended early; what came is kept for the next attempt."""


def cache() -> Path:
    """Where fetched and added weights lie: `MIEN_CACHE`, or the platform's folder for such things."""
    if chosen := os.environ.get("MIEN_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mien" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mien"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mien"


def offline() -> bool:
    """Whether `MIEN_OFFLINE` forbids fetching."""
    return os.environ.get("MIEN_OFFLINE", "") not in ("", "0")


def cards() -> dict[str, Card]:
    """Every card by name: those in the files of `models/` and `detectors/`, the wheel's, and the user's own."""
    return {card.name: card for card in (*_written(cache()), *_written(WHEEL), *_coded())}


def card(name: str) -> Card:
    """The card of a name or an alias."""
    known = cards()
    aliases = {alias: c for c in known.values() for alias in c.aliases}
    found = known.get(name) or aliases.get(name)
    if found is None:
        raise unknown("model", name, [*known, *aliases])
    return found


def find(card: Card) -> Path | None:
    """Where the card's weights lie on this machine, not yet verified; None if they do not."""
    return next((place for place in (WHEEL / card.file, cache() / card.file) if place.is_file()), None)


def read(card: Card) -> bytes:
    """The card's weights, verified; fetched when they are nowhere on this machine."""
    place = find(card) or fetch(card)
    content = place.read_bytes()
    if _fits(card, content):
        return content
    raise StoreError(
        f"{place} is damaged: the card wants {card.hash}, got {_hash(card, len(content), [content])}; "
        f"delete it and install, fetch or add it again"
    )


def fetch(card: Card, *, timeout: float = 30.0, progress: Progress = lambda have, total: None) -> Path:
    """The card's weights in the cache, downloaded unless they are there, whole, already."""
    place = cache() / card.file
    if place.is_file() and _fits(card, place.read_bytes()):
        return place
    if not card.url or not card.hash:
        raise StoreError(
            f"{card.name} is not on this machine and cannot be fetched, as its card names no url with a hash; "
            f"add the file with: mien models add {card.file} --card card.json"
        )
    if offline():
        raise StoreError(
            f"{card.name} is not on this machine and MIEN_OFFLINE forbids fetching it; "
            f"unset MIEN_OFFLINE, or copy {card.url} to {place} by hand"
        )
    with _writable(place), _locked(place.with_name(f"{place.name}.lock")):
        if not (place.is_file() and _fits(card, place.read_bytes())):  # another process may have been faster
            _download(card, place, timeout, progress)
    return place


def keep(card: Card, content: bytes) -> Card:
    """Take a user's weights and card into the cache; the card comes back with its hash and size filled in."""
    if card.hash and not _fits(card, content):
        got = _hash(card, len(content), [content])
        raise StoreError(f"the file is not what the card {card.name} names: it wants {card.hash}, got {got}")
    others = [*_coded(), *_written(WHEEL), *(c for c in _written(cache()) if c.name != card.name)]
    for other in others:
        if other.file == card.file or {other.name, *other.aliases} & {card.name, *card.aliases}:
            raise StoreError(f"{card.name} ({card.file}) is taken by {other.name} ({other.file}); choose another name")
    card = replace(card, size=len(content), hash=card.hash or _hash(card, len(content), [content]))
    with _writable(cache() / card.file) as place:
        _write(place, content)
        _write(place.with_name(f"{card.name}.json"), card.to_json().encode())
    return card


def _write(place: Path, content: bytes) -> None:
    """All of the file or nothing: a temporary name first, then one rename."""
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    with part.open("wb") as file:
        file.write(content)
        _settle(file)
    part.replace(place)


def _coded() -> list[Card]:
    """Cards out of the code; imported by name, as those folders lie in a layer above this one."""
    root = Path(__file__).parent
    modules = [
        importlib.import_module(f"mien.{folder}.{module.name}")
        for folder in _FOLDERS
        for module in pkgutil.iter_modules([str(root / folder)])
    ]
    return [card for module in modules for card in getattr(module, "CARDS", ())]


def _written(folder: Path) -> Iterator[Card]:
    for place in sorted(folder.glob("*.json")):
        try:
            yield Card.from_json(place.read_text("utf-8"))
        except (InputError, UnicodeDecodeError, OSError) as error:
            raise StoreError(f"{place} is not a readable card; mend or delete it ({error})") from error


def _fits(card: Card, content: bytes) -> bool:
    """A card without a hash, such as one still in the making, trusts its file."""
    return not card.hash or card.hash == _hash(card, len(content), [content])


def _hash(card: Card, size: int, chunks: Iterator[bytes] | list[bytes]) -> str:
    kind = card.hash.split(":")[0] or "sha256"
    digest = hashlib.sha256() if kind == "sha256" else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
    return f"{kind}:{digest.hexdigest()}"


def _download(card: Card, place: Path, timeout: float, progress: Progress) -> None:
    part = place.with_name(f"{place.name}.{card.hash[-12:]}.part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _continue(card, part, timeout, progress)
            break
        except _Cut as cut:
            if attempt == _ATTEMPTS or not _size(part):
                raise StoreError(
                    f"fetching {card.url} broke off at {_size(part):,} bytes ({cut}); "
                    f"what came is kept, run it again to go on from there"
                ) from cut
    with part.open("rb") as file:
        got = _hash(card, _size(part), iter(lambda: file.read(_CHUNK), b""))
    if got != card.hash:
        part.unlink()
        raise StoreError(f"{card.url} gave another file than the card names: it wants {card.hash}, got {got}")
    part.replace(place)


def _continue(card: Card, part: Path, timeout: float, progress: Progress) -> None:
    """Ask for what is still missing and append it; a server that cannot give parts gives all of it anew."""
    have = _size(part)
    answer = _ask(card.url, have, timeout, part)
    with answer, part.open("ab") as file:
        resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not resumed:
            file.truncate(have := 0)
        stated = answer.headers.get("Content-Length", "")
        length = int(stated) if stated.isdecimal() else 0
        total, most = have + length if length else card.size, card.size or LIMIT
        while chunk := _receive(answer):
            have += len(chunk)
            if have > most:
                file.truncate(0)
                raise StoreError(f"{card.url} gives more than the {most:,} bytes that were expected")
            file.write(chunk)
            progress(have, total)
        _settle(file)
        if have < total:
            raise _Cut(f"{total:,} bytes were announced")


def _ask(url: str, have: int, timeout: float, part: Path) -> HTTPResponse:
    headers = {"User-Agent": "mien"} | ({"Range": f"bytes={have}-"} if have else {})
    _check(url, loopback_too=True)
    proxies = urllib.request.ProxyHandler({} if _loopback(url) else None)
    try:
        return urllib.request.build_opener(proxies, _SafeRedirects()).open(
            urllib.request.Request(url, headers=headers), timeout=timeout
        )
    except HTTPError as error:
        if error.code == 416 and have:  # the part is longer than the file: it is of no use
            part.unlink()
            return _ask(url, 0, timeout, part)
        raise StoreError(f"{url} answered {error.code} {error.reason}") from None
    except URLError as error:
        raise _Cut(str(error.reason)) from error
    except (OSError, HTTPException) as error:
        raise _Cut(str(error) or type(error).__name__) from error


def _receive(answer: HTTPResponse) -> bytes:
    try:
        return answer.read1(_CHUNK)  # read would hold back, and at a cut lose, what does not fill a chunk
    except (OSError, HTTPException) as error:
        raise _Cut(str(error) or type(error).__name__) from error


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where a card may point itself."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        _check(newurl, loopback_too=_loopback(req.full_url))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check(url: str, loopback_too: bool) -> None:
    if urlsplit(url).scheme != "https" and not (loopback_too and _loopback(url)):
        raise StoreError(f"weights are fetched over https only, got {url}")


def _loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _writable(place: Path) -> Iterator[Path]:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        yield place
    except OSError as error:
        raise StoreError(
            f"writing {place} failed: {error.strerror or error}; MIEN_CACHE names another folder"
        ) from error


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Held by one process at a time; freed by the system even when its holder is killed."""
    with place.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
