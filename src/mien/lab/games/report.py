"""A run as one page of HTML: what was played, heat-maps of what emotions changed, and how that compares with people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from html import escape

from mien.errors import InputError
from mien.lab.games.effect import MEASURES, Effect, agreement, effects, humans, matched, scores
from mien.lab.games.fit import shifts
from mien.lab.games.grid import Played
from mien.lab.games.match import EMOTIONS, WAYS
from mien.lab.games.person import People

PEOPLE = "people"  # the name of the parametric player in logs
CAUTION = (
    "The player “people” follows a formula with invented parameters. It shows that the tool works, "
    "and nothing about people or models."
)
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 110rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { padding: .1rem .35rem; text-align: right; border: 1px solid #ddd } th:first-child, td.word { text-align: left }
th { font-weight: 600; background: #f6f6f6 } p.note { color: #555 } .scroll { overflow-x: auto }
"""


def report(log: Sequence[Played]) -> str:
    """The page of a log."""
    found = effects(scores(log))
    players = sorted({played.key.player for played in log})
    parts = [f"<h1>Emotions in games: {escape(', '.join(players))}</h1>"]
    if PEOPLE in players:
        parts.append(f"<p><strong>{CAUTION}</strong></p>")
    parts += [_played(log, players), _means(log, players)]
    for player in players:
        mine = [effect for effect in found if effect.player == player]
        parts.append(f"<h2>What emotions changed: {escape(player)}</h2>{_legend(len(found))}")
        parts += [_map(measure, [e for e in mine if e.measure == measure]) for measure in MEASURES]
        parts.append(_parameters(player, [played for played in log if played.key.player == player]))
    parts.append(_people(found))
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Emotions in games</title>'
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</html>\n"
    )


def table(log: Sequence[Played]) -> str:
    """The effects as JSON, with the agreement with studies."""
    found = effects(scores(log))
    content = {"effects": found, "agreement": agreement(found, humans())}
    rows = {name: [_plain(asdict(row)) for row in content[name]] for name in content}
    return json.dumps(rows, indent=1) + "\n"


def _plain(row: dict[str, float | str]) -> dict[str, float | str | None]:
    """JSON knows no nan."""
    return {name: None if value != value else value for name, value in row.items()}


def _played(log: Sequence[Played], players: Iterable[str]) -> str:
    rows = []
    for player in players:
        mine = [played for played in log if played.key.player == player]
        rounds = [round_ for played in mine for round_ in played.rounds]
        void = sum(r.moves[0] is None for r in rounds)
        words = sum("" in (r.felt[0], r.shown[0]) for r in rounds)
        again = sum(max(r.asked[0] - 1, 0) for r in rounds)
        tokens = [sum(r.tokens[i] for r in rounds) for i in (0, 1)]
        kinds = {replace(played.key, seed=0) for played in mine}
        distinct = {(replace(p.key, seed=0), tuple(r.moves for r in p.rounds)) for p in mine}
        rows.append([player, len(kinds), len(mine), len(distinct), len(rounds), void, words, again, *tokens])
    head = (
        "player|kinds of match|matches|different ones|rounds|unreadable moves|unreadable feelings|asked again|"
        "tokens read|tokens written"
    )
    note = (
        "An unreadable answer is asked for twice more; after that the round is void, earns nothing and counts. "
        "If the seeds of a kind never differ, as at temperature 0, its intervals and p-values say nothing."
    )
    return f"<h2>What was played</h2>{_table(head.split('|'), rows)}<p class=note>{note}</p>"


def _means(log: Sequence[Played], players: Iterable[str]) -> str:
    calm = [score for score in scores(log) if score.played.key.emotion == "none"]
    games = sorted({score.played.key.game for score in calm})
    rows = []
    for player in players:
        for game in games:
            cells = []
            for measure in MEASURES:
                values = [
                    s.value
                    for s in calm
                    if s.measure == measure and (s.played.key.player, s.played.key.game) == (player, game)
                ]
                cells.append(f"{sum(values) / len(values):.3f}" if values else "")
            rows.append([player, game, *cells])
    note = (
        "Means over matches. of_most: earned, as a share of the largest pay-off in every round; of_best: as a share of "
        "the best possible play against that opponent. Cooperation: moves that leave the co-player more on average."
    )
    return f"<h2>Without emotion</h2>{_table(['player', 'game', *MEASURES], rows)}<p class=note>{note}</p>"


def _legend(count: int) -> str:
    return (
        "<p class=note>Each cell is the change from the same matches without the emotion. Red is less, blue is more. "
        f"Bold survives Holm's correction for all {count} effects of this page at 5 %, underlined survives that of "
        "Benjamini and Hochberg. Point at a cell for its 95 % bootstrap interval.</p>"
    )


def _map(measure: str, found: Sequence[Effect]) -> str:
    if not found:
        return ""
    cells = {(e.game, e.emotion, e.way): e for e in found}
    reach = max(abs(e.change) for e in found) or 1.0
    columns = [(emotion, way) for emotion in EMOTIONS for way in WAYS if any((emotion, way) == c[1:] for c in cells)]
    rows = "".join(
        f"<tr><td class=word>{escape(game)}</td>"
        + "".join(_cell(cells.get((game, *column)), reach) for column in columns)
        + "</tr>"
        for game in sorted({e.game for e in found})
    )
    head = "".join(f"<th>{emotion}<br>{way}</th>" for emotion, way in columns)
    return f"<h3>{measure}</h3><div class=scroll><table><tr><th>game</th>{head}</tr>{rows}</table></div>"


def _cell(effect: Effect | None, reach: float) -> str:
    if effect is None:
        return "<td></td>"
    strength = abs(effect.change) / reach
    red, blue = (255, 255 - round(150 * strength)) if effect.change < 0 else (255 - round(150 * strength), 255)
    text = f"{effect.change:+.3f}"
    text = f"<b>{text}</b>" if effect.holm < 0.05 else text
    text = f"<u>{text}</u>" if effect.discovery < 0.05 else text
    title = (
        f"{_interval(effect)} from {effect.calm:.3f}, {effect.pairs} pairs, "
        f"p {effect.chance:.4f}, Holm {effect.holm:.4f}, Benjamini-Hochberg {effect.discovery:.4f}"
    )
    return f'<td style="background:rgb({red},{min(red, blue)},{blue})" title="{title}">{text}</td>'


def _interval(effect: Effect) -> str:
    bounds = f"[{effect.low:+.3f}, {effect.high:+.3f}]" if effect.pairs > 1 else "(no interval)"
    return f"{effect.change:+.3f} {bounds}"


def _parameters(player: str, log: Sequence[Played]) -> str:
    title = f"<h3>As shifts of the parameters of a person: {escape(player)}</h3>"
    try:
        moved = shifts(log, People.load().base)
    except InputError as error:
        return f"{title}<p>Not fitted: {escape(str(error))}.</p>"
    rows = [
        [f"{emotion}, {way}", *(f"{e.value:+.3f} [{e.low:+.3f}, {e.high:+.3f}]" for e in estimates)]
        for (emotion, way), estimates in moved.items()
    ]
    note = "A description of the choices by a formula with 95 % intervals, not a claim that the player has such traits."
    return f"{title}{_table(['emotion', 'envy', 'guilt', 'reciprocity', 'noise'], rows)}<p class=note>{note}</p>"


def _people(found: Sequence[Effect]) -> str:
    studies = humans()
    rows = [
        [
            effect.player, f"{human.game}, {human.measure}", f"{human.emotion}, {human.way}", f"{human.direction:+d}",
            _interval(effect), "yes" if same else "no",
            f"{human.finding} ({human.citation})",
        ]
        for human, effect, same in matched(found, studies)
    ]  # fmt: skip
    shares = "".join(
        f"<p>{escape(a.player)}: {a.matched} of {a.findings} findings matched, 95 % interval of the share "
        f"[{a.low:.2f}, {a.high:.2f}].</p>"
        for a in agreement(found, studies)
    )
    note = (
        "A finding is matched if the interval of the change lies on the same side of 0, or holds 0 where people showed "
        "no effect. Studies disagree with each other, so that no player can match them all."
    )
    head = ["player", "game", "emotion", "people", "player's change", "matched", "study"]
    body = _table(head, rows) + shares if rows else "<p>No effect of this log was studied in people.</p>"
    return f"<h2>Beside studies of people</h2>{body}<p class=note>{note}</p>"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def line(tag: str) -> Callable[[Sequence[object]], str]:
        return lambda cells: "<tr>" + "".join(_td(tag, cell) for cell in cells) + "</tr>"

    return f"<div class=scroll><table>{line('th')(head)}{''.join(map(line('td'), rows))}</table></div>"


def _td(tag: str, cell: object) -> str:
    kind = " class=word" if tag == "td" and isinstance(cell, str) and cell[:1] not in "+-0123456789" else ""
    return f"<{tag}{kind}>{escape(str(cell))}</{tag}>"
