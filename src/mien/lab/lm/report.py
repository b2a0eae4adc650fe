"""What is measured of a model, as JSON in `results/`, and the table and pictures drawn from it."""

import ctypes
import json
import os
import platform
import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import nn

from mien.errors import InputError
from mien.lab.lm.corpus import Corpus
from mien.lab.lm.export import Keyboard
from mien.lab.lm.loss import perplexity
from mien.lab.lm.papers import PUBLISHED
from mien.lab.lm.recipes import RECIPES, Recipe
from mien.lab.lm.storage import encode, load

HEAD = """# Language models, compressed

Perplexity of the Penn Treebank's test, every word; made by `mien lab lm report`, each row from `results/lm_*.json`.
On the right the papers' rows, whose milliseconds are of a phone of 2016. *By our rule* is how many millions of numbers
such a model has as we count them (every weight and bias once, zeros of pruned matrices not); *same rule* says whether
the published count agrees with it within half a percent. Empty: its ranks were not published.
"""

SIDE_BY_SIDE = """## Exported files side by side

One thread, one process, all files in turns; quartiles of the rounds. Megabytes are those of the ONNX file, the
perplexity its own over every word of the test.
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a number comes from."""

    commit: str
    machine: str
    data: str


@dataclass(frozen=True, slots=True)
class Score:
    """One model's row: perplexities over every word, numbers kept, bytes of its weights as stored."""

    recipe: str
    seed: int
    train_seconds: float
    score_seconds: float
    valid: float
    test: float
    parameters: int
    bytes: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Pace:
    """An exported file's time per word (ms, median and quartiles over rounds), the peak of the memory it adds (MB), and
    its perplexity over every word of the test."""

    name: str
    median: float
    lower: float
    upper: float
    memory: float
    bytes: int
    test: float


@dataclass(frozen=True, slots=True)
class Paces:
    """Files timed side by side in one process on one thread."""

    paces: tuple[Pace, ...]
    rounds: int
    words: int
    seconds: float
    origin: Origin


def count(model: nn.Module) -> int:
    """Numbers a file must hold: every weight and bias once, of a matrix only those that are not zero.

    Most of the papers' dense rows follow this rule; their low-rank rows of 200 and 500 leave out biases and
    projections, those of 300 and 400 count the projections of input and recurrent matrices separately.
    """
    return sum(int(weight.count_nonzero()) if weight.dim() > 1 else weight.numel() for weight in model.parameters())


def score(path: Path, corpus: Corpus) -> Score:
    """Perplexity and size of a stored model."""
    start, saved = time.monotonic(), load(path)
    corpus.require(saved.vocabulary)
    model, made = saved.model, saved.made
    valid, test = (perplexity(model, part, corpus.vocabulary) for part in (corpus.valid, corpus.test))
    size = sum(len(encode(weight.detach(), model.bits)) for weight in model.parameters())
    seconds = round(time.monotonic() - start, 1)
    figures = round(valid, 3), round(test, 3), count(model), size
    return Score(made.recipe, made.seed, made.seconds, seconds, *figures, origin(corpus))


def pace(files: Sequence[Path], corpus: Corpus, rounds: int = 21, words: int = 300) -> Paces:
    """Time per word and memory of exported models, in turns, so that what disturbs one disturbs all alike."""
    start, text = time.monotonic(), corpus.test[:words].tolist()
    for file in files:
        corpus.require(Keyboard(file).vocabulary)
    memory = {file: statistics.median(_memory(file, text[:20]) for _ in range(5)) for file in files}
    boards = {file: Keyboard(file) for file in files}
    times: dict[Path, list[float]] = {file: [] for file in files}
    for turn in range(rounds + 1):
        for file, board in boards.items():
            spent = statistics.median(_milliseconds(board, number) for number in text)
            if turn:  # the first warms up
                times[file].append(spent)
    tests = {file: board.perplexity(corpus.test.tolist()) for file, board in boards.items()}
    paces = tuple(_pace(file, times[file], memory[file], tests[file]) for file in files)
    return Paces(paces, rounds, len(text), round(time.monotonic() - start, 1), origin(corpus))


def origin(corpus: Corpus) -> Origin:
    """This commit, this machine and this text."""
    asked = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    return Origin(answer.stdout.strip() or "unknown", f"{_processor()}, {os.cpu_count()} cores", corpus.digest)


def write(result: Score | Paces, path: Path) -> None:
    """One result as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(result), indent=1) + "\n")


def page(results: Path, shown: Path | None = None) -> str:
    """The tables as a page of its own, with the picture if there is one."""
    image = f"![Size and pace against perplexity]({shown.name})\n\n" if shown else ""
    paced = f"\n{SIDE_BY_SIDE}\n{pace_table(results)}" if _paces(results) else ""
    return f"{HEAD}\n{image}{table(results)}{paced}"


def table(results: Path) -> str:
    """The published rows beside ours, in Markdown, from the JSON files of a folder."""
    scores, paces = _scores(results), _paces(results)
    lines = [
        "| model | made by | perplexity | M numbers | MB | ms a word | int8 ms | memory MB "
        "| published row | perplexity | M numbers | by our rule | same rule | MB | ms |",
        "|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|:-:|--:|--:|",
    ]
    made = [one for one in RECIPES if one.name in scores]
    lines += [_row([*_ours(one, scores[one.name], paces), *_theirs(one.paper)]) for one in made]
    answered = {one.paper for one in made}
    lines += [_row([*[""] * 8, *_theirs(one.row)]) for one in PUBLISHED if one.row not in answered]
    return "\n".join(lines) + "\n"


def pace_table(results: Path) -> str:
    """The exported files, the fastest first, in Markdown: quartiles of the time per word, size, memory, perplexity."""
    paces = sorted(_paces(results).values(), key=lambda one: one.median)
    lines = ["| file | ms a word | quartiles | MB | memory MB | perplexity |", "|---|--:|:-:|--:|--:|--:|"]
    for one in paces:
        spread = f"{one.lower:.4f} to {one.upper:.4f}"
        sizes = f"{one.bytes / 1e6:.2f}", f"{one.memory:.1f}"
        lines.append(_row([f"`{one.name}.onnx`", f"{one.median:.4f}", spread, *sizes, f"{one.test:.2f}"]))
    return "\n".join(lines) + "\n"


def picture(results: Path, path: Path) -> None:
    """Size × perplexity and time × perplexity of everything measured, the published rows in grey."""
    from mien.lab.lm.plot import Dot, draw

    scores, paces = _scores(results), _paces(results)
    made = [one.name for one in RECIPES if one.name in scores]
    sizes = [Dot(name, scores[name].bytes / 1e6, scores[name].test, "C0") for name in made]
    sizes += [Dot("", one.megabytes, one.perplexity, "0.6") for one in PUBLISHED]
    times = [Dot(name, paces[name].median, paces[name].test, "C0") for name in made if name in paces]
    eights = [(name, paces[f"{name}.int8"]) for name in made if f"{name}.int8" in paces]
    draw(path, sizes, times + [Dot(name, one.median, one.test, "C1") for name, one in eights])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ours(one: Recipe, row: Score, paces: dict[str, Pace]) -> list[str]:
    made = f"{one.steps} of {one.of}" if one.of else f"{one.kind} {'-'.join(map(str, one.sizes))}"
    fast, faster = paces.get(one.name), paces.get(f"{one.name}.int8")
    return [
        one.name,
        f"`{made}`".replace("|", "\\|"),
        f"{row.test:.2f}",
        f"{row.parameters / 1e6:.3f}",
        f"{row.bytes / 1e6:.2f}",
        f"{fast.median:.3f}" if fast else "",
        f"{faster.median:.3f}" if faster else "",
        f"{fast.memory:.1f}" if fast else "",
    ]


def _theirs(name: str) -> list[str]:
    (row,) = [one for one in PUBLISHED if one.row == name] or [None]
    if row is None:
        return [""] * 7
    counted = "" if row.counted is None else f"{row.counted / 1e6:.3f}"
    same = "" if row.counted is None else "yes" if row.agrees else "no"
    figures = f"{row.perplexity:g}", f"{row.millions:g}", counted, same, f"{row.megabytes:g}"
    return [row.row, *figures, "" if row.milliseconds is None else f"{row.milliseconds:g}"]


def _scores(results: Path) -> dict[str, Score]:
    files = sorted(results.glob("lm_*.json"))
    scores = [score for file in files for score in _score(file)]
    if not scores:
        raise InputError(f"no lm_*.json with a score in {results}; make one with: mien lab lm score MODEL --data TEXT")
    return {one.recipe: one for one in scores}


def _score(file: Path) -> list[Score]:
    """The score in a file; none where it holds something else, as that of the pace does."""
    try:
        one = json.loads(file.read_text("utf-8"))
        return [Score(**{**one, "origin": Origin(**one["origin"])})] if "test" in one else []
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file} is no score ({error!r}); delete it, or write it anew with: mien lab lm score"
        ) from error


def _paces(results: Path) -> dict[str, Pace]:
    file = results / "lm_pace.json"
    return {one["name"]: Pace(**one) for one in json.loads(file.read_text())["paces"]} if file.exists() else {}


def _pace(file: Path, times: list[float], memory: float, test: float) -> Pace:
    lower, median, upper = statistics.quantiles(times, n=4)
    spread = round(median, 4), round(lower, 4), round(upper, 4)
    return Pace(file.stem, *spread, round(memory, 2), file.stat().st_size, round(test, 3))


def _milliseconds(board: Keyboard, number: int) -> float:
    start = time.perf_counter()
    board.tell(number)
    return (time.perf_counter() - start) * 1000


def _memory(file: Path, text: list[int]) -> float:
    """Peak megabytes that loading and asking the model adds to this process (Linux; elsewhere the process's peak)."""
    clear = Path("/proc/self/clear_refs")
    if not clear.exists():
        Keyboard(file)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    ctypes.CDLL(None).malloc_trim(0)
    clear.write_text("5")  # sets the recorded peak back to what is in use now
    before = _peak()
    board = Keyboard(file)
    for number in text:
        board.tell(number)
    return _peak() - before


def _peak() -> float:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1e3


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
