"""Does the tool find what is there, keep quiet about what is not, and say in its prompts all there is to know?"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mien.lab.chat import ChatError, Message, Rules
from mien.lab.games.effect import effects, scores, wilson
from mien.lab.games.fit import fit
from mien.lab.games.game import Game, Matrix, Move, Role, Split, everyone, load
from mien.lab.games.grid import LOG, Grid, Key, Played, run
from mien.lab.games.language import Language
from mien.lab.games.match import EMOTIONS, WAYS, Emotion, Match, Player, Round, Setup, View, play
from mien.lab.games.person import PARAMETERS, STEPS, People
from mien.lab.games.prompt import find, order, render
from mien.lab.games.scripted import opponents, seats
from mien.record import Figure

DATA = [path for part in ("data", "prompts") for path in sorted((Path(__file__).parent / part).rglob("*.*"))]
GAMES = ("dictator", "prisoner_dilemma", "ultimatum_responder")  # enough to tell the four parameters apart
WAY = "plain"
_PARTS: tuple[Role, ...] = ("dictator", "proposer", "responder")


def share(hits: int, of: int) -> dict[str, Figure]:
    """How often something happened, with its interval."""
    return {"share": round(hits / of, 4), "interval": [round(bound, 4) for bound in wilson(hits, of)], "of": of}


def trust(repeats: int, seeds: int) -> dict[str, Figure]:
    """Both tests of the statistics."""
    return {
        "experiments": repeats,
        "matches_of_each_kind": seeds,
        "games": GAMES,
        "intervals_that_hold_the_truth": recovery(repeats, seeds),
        "false_alarms_at_5_percent": false_alarms(repeats, seeds),
    }


def recovery(repeats: int, seeds: int) -> dict[str, Figure]:
    """How often the 95 % intervals hold the true shift of each parameter and the true change of two measures."""
    people = People.load()
    truth = {(e, name): people.shifts[e].get(name, 0.0) for e in EMOTIONS for name in PARAMETERS}
    found: dict[tuple[str, str], list[tuple[float, bool]]] = {cell: [] for cell in truth}
    changes: dict[str, list[bool]] = {"offered": [], "accepted": []}
    for repeat in range(repeats):
        logs = {e: sample(people, e, repeat * seeds, seeds) for e in ("none", *EMOTIONS)}
        calm = fit(logs["none"], people.base)
        for emotion in EMOTIONS:
            for estimate in fit(logs[emotion], people.base).shift(calm):
                cell = emotion, estimate.name
                found[cell].append((estimate.value, estimate.holds(truth[cell])))
        for effect in effects(scores([played for log in logs.values() for played in log])):
            if effect.measure in changes:
                true = expected(people, effect.measure, effect.emotion) - expected(people, effect.measure, "none")
                changes[effect.measure].append(effect.low - 1e-12 <= true <= effect.high + 1e-12)
    return {
        "parameters": {
            name: {
                **share(sum(hit for e in EMOTIONS for _, hit in found[e, name]), repeats * len(EMOTIONS)),
                "largest_bias": round(
                    max(abs(np.mean([v for v, _ in found[e, name]]) - truth[e, name]) for e in EMOTIONS), 4
                ),
            }
            for name in PARAMETERS
        },
        "changes": {name: share(sum(hits), len(hits)) for name, hits in changes.items()},
    }


def false_alarms(repeats: int, seeds: int) -> dict[str, Figure]:
    """How often effects are seen between calm people and other calm people who are only called angry, sad, ..."""
    people = People.load()
    single, family, discoveries, total = 0, 0, 0, 0
    for repeat in range(repeats):
        start = repeat * seeds * (1 + len(EMOTIONS))
        log = list(sample(people, "none", start, seeds))
        for number, emotion in enumerate(EMOTIONS, 1):
            others = sample(people, "none", start + number * seeds, seeds)
            log += [
                replace(p, key=replace(p.key, emotion=emotion, way=WAY, seed=p.key.seed - number * seeds))
                for p in others
            ]
        found = effects(scores(log), seed=repeat)
        single += sum(effect.chance <= 0.05 for effect in found)
        total += len(found)
        family += any(effect.holm <= 0.05 for effect in found)
        discoveries += any(effect.discovery <= 0.05 for effect in found)
    return {
        "single_tests": share(single, total),
        "runs_with_any_after_holm": share(family, repeats),
        "runs_with_any_after_benjamini_hochberg": share(discoveries, repeats),
    }


def sample(people: People, emotion: str, start: int, seeds: int) -> list[Played]:
    """Matches of one emotion against every rule, without a log."""
    return list(_sampled(people, emotion, range(start, start + seeds)))


def _sampled(people: People, emotion: str, seeds: Sequence[int]) -> Iterator[Played]:
    feeling = None if emotion == "none" else Emotion(emotion, WAY)
    for name in GAMES:
        game = load(name)
        for opponent in [name for name, player in opponents(game).items() if player is not None]:
            for seed in seeds:
                match = Match(game, feeling, opponent, seed)
                key = Key("people", "", name, emotion, WAY if feeling else "none", opponent, seed)
                yield Played(key, game, tuple(play(match, seats(people, game, opponent), Setup())))


def expected(people: People, measure: str, emotion: str) -> float:
    """The exact mean of a measure, from the chances of every option."""
    person = people.under(None if emotion == "none" else Emotion(emotion, WAY))
    if measure == "offered":
        chances = person.chances(Match(load("dictator"), None, "recipient", 0).view(0))
        return sum(chance * step / STEPS for step, chance in enumerate(chances))
    game = load("ultimatum_responder")
    offers = [
        player.move(Match(game, None, name, 0).view(1)).value for name, player in opponents(game).items() if player
    ]
    view = Match(game, None, "", 0).view(0)
    return float(np.mean([person.chances(replace(view, offer=offer))[1] for offer in offers]))


def full_grid(seeds: int) -> dict[str, Figure]:
    """Every game, emotion, way and opponent by people; and whether words, and a second run, change a byte."""
    people = People.load()
    grid = Grid("people", tuple(everyone()), seeds=seeds)
    once = replace(grid, seeds=1, setup=Setup(feel=True, show=True))
    with TemporaryDirectory() as name:
        folder = Path(name)
        start, busy = time.perf_counter(), time.process_time()
        played, _ = run(grid, people, folder / "first")
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        run(grid, people, folder / "second", workers=4)
        run(once, people, folder / "direct")
        run(once, Language(lambda seed: Reader(people, seed).chat(), once.setup), folder / "words")
        text = {path: (folder / path / LOG).read_bytes() for path in ("first", "second", "direct", "words")}
    return {
        "matches": played,
        "rounds": text["first"].count(b"\n"),
        "seconds_of_the_grid": round(seconds, 2),
        "processor_seconds_of_the_grid": round(busy, 2),
        "log_sha256": hashlib.sha256(text["first"]).hexdigest(),
        "same_bytes_with_4_workers": text["first"] == text["second"],
        "same_bytes_through_prompts": text["direct"] == text["words"],
    }


@dataclass(frozen=True, slots=True)
class Reader:
    """A chat that plays by rules: it reads the prompts back into a view and asks another player.

    That the play is then the same shows that the prompts say all there is to know.
    """

    player: Player
    seed: int = 0

    def chat(self, name: str = "rules") -> Rules:
        return Rules(self.answer, name)

    def answer(self, messages: Sequence[Message]) -> str:
        told, asked = messages[0].content, messages[-1].content
        if any(find("ask_reason", asked)):
            return "I compare what each of us would earn."
        view = self._view(told, "\n".join(m.content for m in messages if m.role == "user"))
        if any(find("ask_feeling", asked)):
            return str(self.player.feel(view).value)
        if any(find("ask_shown", asked)):
            return str(self.player.show(view).value)
        return _said(view, self.player.move(view).value, told)

    def _view(self, told: str, heard: str) -> View:
        emotion, rules = _emotion(told), next(find("rules_matrix", told), None)
        if rules is None:
            game = _split(told)
            offers = [int(fields["give"]) for fields in find("ask_reply", heard)]
            return View(game, 0, emotion, offer=offers[-1] if offers else None, seed=self.seed)
        seat, labels = int(rules["seat"]) - 1, (rules["first"], rules["second"])
        game = _matrix(rules, seat)
        return View(game, seat, emotion, _past(heard, seat, labels), seed=self.seed)


def _emotion(told: str) -> Emotion | None:
    coplayer = next(find("environment", told))["coplayer"]
    for name, way in itertools.product(EMOTIONS, WAYS):
        if render(f"emotions/{name}_{way}", coplayer=coplayer) in told:
            return Emotion(name, way)
    return None


def _matrix(rules: Mapping[str, str], seat: int) -> Matrix:
    listed = dict(zip(order(seat), ("first", "second"), strict=True))

    def cell(a: Move, b: Move) -> tuple[float, float]:
        own, other = (b, a) if seat else (a, b)
        pair = f"{listed[own]}_{listed[other]}"
        mine, theirs = float(rules[f"own_{pair}"]), float(rules[f"other_{pair}"])
        return (theirs, mine) if seat else (mine, theirs)

    return Matrix("read", ((cell(0, 0), cell(0, 1)), (cell(1, 0), cell(1, 1))), int(rules["rounds"]))


def _split(told: str) -> Game:
    for part in _PARTS:
        for rules in find(f"rules_{part}", told):
            return Split("read", part, int(rules["total"]), (0.5,) if part == "responder" else ())
    raise ChatError(f"the prompt must hold the rules of a game, got {told[:80]!r}")


def _past(heard: str, seat: int, labels: tuple[str, str]) -> tuple[Round, ...]:
    moves = dict(zip(labels, order(seat), strict=True))
    rounds = {int(fields["round"]): Round((None, None), (0.0, 0.0)) for fields in find("void", heard)}
    for fields in find("outcome", heard):
        own, other = ((moves[fields[side]], float(fields[pay])) for side, pay in (("own", "pay"), ("other", "gain")))
        first, second = (other, own) if seat else (own, other)
        rounds[int(fields["round"])] = Round((first[0], second[0]), (first[1], second[1]))
    return tuple(rounds[number] for number in sorted(rounds))


def _said(view: View, move: Move | None, told: str) -> str:
    if isinstance(view.game, Matrix):
        rules = next(find("rules_matrix", told))
        return (rules["first"], rules["second"])[order(view.seat).index(move or 0)]
    if view.game.part(view.seat) == "responder":
        return "ACCEPT" if move else "REJECT"
    return f"{view.game.total - (move or 0)};{move}"
