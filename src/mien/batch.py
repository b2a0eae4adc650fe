"""Many inputs, one after another, into a folder that a killed run can go on with.

Every finished input is a line of `journal.jsonl`. A line is whole or it does not count, so whenever the run stops, what
is in the journal is done and the rest is not. An input whose file changed since is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from mien.count import counted
from mien.errors import InputError, MienError
from mien.io.lock import alone
from mien.io.table import Row
from mien.io.whole import Unwritable, folder, refused
from mien.progress import Progress
from mien.report.chart import plain

Setting: TypeAlias = str | int | float | bool | None
INTERRUPTED = 130  # the exit code that shells give Ctrl-C
FAILED = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a finished input: the name its files have, its rows where they are kept, and what was wrong."""

    input: str
    name: str
    size: int
    changed: int  # nanoseconds
    rows: Sequence[Row] = ()
    error: str = ""


class Journal:
    """The finished inputs of an output folder, read and added to; the folder must exist."""

    def __init__(self, folder: Path, settings: Mapping[str, Setting]) -> None:
        self.path = folder / "journal.jsonl"
        self._places: dict[str, int] = {}
        self._names: dict[str, str] = {}
        try:
            self._file = self.path.open("a+b")
        except OSError as error:
            raise refused(self.path, error) from error
        weakref.finalize(self, _close, self._file)
        self._read(dict(settings))

    def done(self, path: Path) -> Entry | None:
        """The entry of an input that was finished and has not changed since."""
        key = _key(path)
        if key not in self._places:
            return None
        entry = self._entry(self._places[key])
        if (entry.size, entry.changed) == _stamp(path):
            return entry
        del self._places[key]  # its rows tell of what the file was
        return None

    def name(self, path: Path) -> str:
        """A name for this input's files: its stem, made harmless; the same name for no other input."""
        key = _key(path)
        if key in self._names:
            return self._names[key]
        stem = re.sub(r"[^\w.-]+", "_", plain(path.stem)).strip("._")[:80] or "input"
        stem = stem.encode()[:200].decode(errors="ignore")  # file systems count bytes, to 255
        taken = {self.path.name, *(n.casefold() for n in self._names.values())}
        name = stem if stem.casefold() not in taken else f"{stem}-{hashlib.sha256(os.fsencode(key)).hexdigest()[:8]}"
        self._names[key] = name
        return name

    def add(self, path: Path, rows: Sequence[Row] = (), error: str = "") -> None:
        """Mark an input as finished; its other files must be in place before."""
        size, changed = _stamp(path)
        entry = {"input": _key(path), "name": self.name(path), "size": size, "changed": changed}
        self._append({**entry, "rows": [dict(r) for r in rows], "error": error})

    def entries(self, first: Iterable[Path] = ()) -> Iterator[Entry]:
        """Every finished input once, those of `first` in their order and then the others."""
        order = dict.fromkeys([*(_key(p) for p in first), *self._places])
        for key in order:
            if key in self._places:
                yield self._entry(self._places[key])

    def _append(self, line: Mapping[str, object]) -> None:
        place = self._file.seek(0, os.SEEK_END)
        self._write(line)
        self._places[str(line["input"])] = place

    def _write(self, line: Mapping[str, object]) -> None:
        try:
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise refused(self.path, error) from error

    def _read(self, settings: dict[str, Setting]) -> None:
        """Take up what an earlier run finished; a last line without its end was cut off and goes."""
        self._file.seek(0)
        head = self._file.readline()
        if not head.endswith(b"\n"):
            self._file.truncate(0)
            self._write({"settings": settings})
            return
        try:
            old = json.loads(head)["settings"]
            place = self._file.tell()
            for line in self._file:
                if not line.endswith(b"\n"):
                    self._file.truncate(place)
                    break
                entry = Entry(**json.loads(line))
                if Path(entry.name).name != entry.name:
                    raise ValueError(f"{entry.name!r} leads to another folder")
                self._places[entry.input], self._names[entry.input] = place, entry.name
                place += len(line)
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise InputError(f"{self.path} is no journal of ours: {error}; delete it to start over") from None
        self._agree(old, settings)

    def _agree(self, old: object, new: dict[str, Setting]) -> None:
        now = json.loads(json.dumps(new))
        if old == now:
            return
        was = old if isinstance(old, dict) else {}
        changed = next(k for k in {**was, **now} if was.get(k) != now.get(k))
        raise InputError(
            f"{self.path.parent} was made with {changed}={was.get(changed)}, now it is {now.get(changed)}; "
            f"choose another folder with --out, or delete {self.path.name} in it to start over"
        )

    def _entry(self, place: int) -> Entry:
        self._file.seek(place)
        return Entry(**json.loads(self._file.readline()))


@contextmanager
def journal(out: Path | None, settings: Mapping[str, Setting]) -> Iterator[Journal | None]:
    """The journal of an output folder, which is made where it is missing and is this run's alone meanwhile."""
    if out is None:
        yield None
        return
    with alone(folder(out)):
        yield Journal(out, settings)


@dataclass(slots=True)
class Outcome:
    """How a run went; `code` is what the program exits with."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    interrupted: bool = False

    @property
    def code(self) -> int:
        """0 where all is done, 2 where some input failed, 130 after Ctrl-C."""
        return INTERRUPTED if self.interrupted else FAILED if self.failed else 0


def expanded(paths: Iterable[str], listed: Callable[[Path], list[Path]], kind: str) -> list[Path]:
    """Files and the wanted files of folders, each once; a folder without any is an error."""
    out: dict[Path, None] = {}
    for path in map(Path, paths):
        found = listed(path)
        if not found:
            raise InputError(f"{plain(str(path))} holds no {kind}; name a file or another folder")
        out.update(dict.fromkeys(found))
    return list(out)


def run(
    paths: Sequence[Path],
    work: Callable[[Path], None],
    unit: str,
    journal: Journal | None = None,
    *,
    silent: bool = False,
) -> Outcome:
    """Do every input that is not done yet; a bad one is named on standard error and the others go on.

    What cannot be written stops the run, and so does Ctrl-C; what was finished before is kept in both cases.
    """
    outcome = Outcome()
    with Progress(len(paths), unit, silent=silent) as progress:
        for path in paths:
            known = journal.done(path) if journal else None
            try:
                if known is None:
                    work(path)
                elif known.error:
                    raise InputError(known.error)
                outcome.skipped, outcome.done = outcome.skipped + (known is not None), outcome.done + (known is None)
            except Unwritable:
                raise
            except (MienError, OSError) as error:
                progress.clear()
                sys.stderr.write(f"mien: {complaint(path, error)}\n")
                outcome.failed += 1
            except KeyboardInterrupt:
                outcome.interrupted = True
                break
            progress.step()
    return outcome


def told(outcome: Outcome, out: Path) -> str:
    """What a run did, and where its files are."""
    parts = [f"{outcome.done} done"]
    parts += [f"{counted(outcome.skipped, 'was', 'were')} done before"] if outcome.skipped else []
    parts += [f"{outcome.failed} failed"] if outcome.failed else []
    parts += ["stopped; the same command goes on from here"] if outcome.interrupted else []
    return f"mien: {', '.join(parts)}; see {plain(str(out))}\n"


def complaint(path: Path, error: MienError | OSError) -> str:
    """One line that names the input and says what was wrong with it."""
    if isinstance(error, BrokenPipeError):
        raise error
    said = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return plain(said if str(path) in said else f"{path}: {said}")


def _close(file: BinaryIO) -> None:
    with suppress(OSError):  # a full disk takes what is left no better than before, and that was said
        file.close()


def _key(path: Path) -> str:
    return str(path.absolute())


def _stamp(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError:
        return -1, -1
    return state.st_size, state.st_mtime_ns
