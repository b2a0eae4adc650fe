"""`mien lab games …`: list, prompt, play, report, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mien.lab.chat import Chat

app = typer.Typer(
    help="Emotional players in small games.\n\nExample:  mien lab games play run --seeds 5; mien lab games report run",
    no_args_is_help=True,
)

Games = Annotated[str, typer.Option(help="Names or files of games, separated by commas; all shipped ones if empty.")]
Emotions = Annotated[str, typer.Option(help="Emotions, separated by commas; all if empty.")]
Ways = Annotated[str, typer.Option(help="Ways to induce them, separated by commas; all if empty.")]
Feel = Annotated[bool, typer.Option("--feel", help="Ask for the own feeling after each round.")]
Show = Annotated[bool, typer.Option("--show", help="Ask for a feeling to show after each round.")]
Reason = Annotated[bool, typer.Option("--reason", help="Let the player think aloud before each answer.")]
Last = Annotated[bool, typer.Option("--emotion-last", help="The emotion after the rules instead of before.")]
Coplayer = Annotated[str, typer.Option(help="What the other is called.")]


@app.command("list")
def show_games() -> None:
    """The games, with their equilibria and efficient cells.

    Example:  mien lab games list
    """
    from mien.lab.games.game import Matrix, everyone
    from mien.lab.games.scripted import opponents

    for game in everyone():
        typer.echo(f"{game.name}: {game.about}")
        if isinstance(game, Matrix):
            typer.echo(f"  pay-offs {game.payoffs}, {game.rounds} rounds")
            typer.echo(f"  Nash {sorted(game.nash())}, mixed {game.mixed()}, Pareto {sorted(game.pareto())}")
        typer.echo(f"  opponents: {', '.join(opponents(game))}")


@app.command()
def prompt(
    game: Annotated[str, typer.Argument(help="A game.")],
    emotion: Annotated[str, typer.Option(help="An emotion, or none.")] = "none",
    way: Annotated[str, typer.Option(help="How it was induced.")] = "plain",
    opponent: Annotated[str, typer.Option(help="Who plays against; the first if empty.")] = "",
    rounds: Annotated[int, typer.Option(min=0, help="Rounds already played, by rule-based people.")] = 0,
    coplayer: Coplayer = "coplayer",
    feel: Feel = False,
    show: Show = False,
    emotion_last: Last = False,
) -> None:
    """What a language model is told, word by word.

    Example:  mien lab games prompt prisoner_dilemma --emotion anger --way coplayer --rounds 2
    """
    from dataclasses import replace

    from mien.lab.games.game import load
    from mien.lab.games.match import Emotion, Match, Setup, play
    from mien.lab.games.person import People
    from mien.lab.games.prompt import conversation, question
    from mien.lab.games.scripted import opponents, seats

    chosen = load(game)
    setup = Setup(coplayer=coplayer, feel=feel, show=show, emotion_last=emotion_last)
    against = opponent or next(iter(opponents(chosen)))
    match = Match(chosen, None if emotion == "none" else Emotion(emotion, way), against, 0)
    players = seats(People.load(), chosen, against)
    past = play(match, players, setup)[: min(rounds, chosen.rounds - 1)]
    offer = players[1].move(match.view(1)).value
    view = replace(match.view(0), past=tuple(past), offer=offer)
    for message in conversation(view, setup, question(view, setup)):
        typer.echo(f"[{message.role}]\n{message.content}\n")


@app.command("play")
def play_grid(
    folder: Annotated[Path, typer.Argument(help="Where the log goes; what it already holds is not played again.")],
    games: Games = "",
    emotions: Emotions = "",
    ways: Ways = "",
    opponents: Annotated[str, typer.Option(help="Opponents, separated by commas; all of each game if empty.")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="Matches of each kind.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Matches played at the same time.")] = 1,
    server: Annotated[
        str, typer.Option(help="Base URL of an OpenAI-compatible server; rule-based people if empty.")
    ] = "",
    model: Annotated[str, typer.Option(help="The model to ask for; the key is read from OPENAI_API_KEY.")] = "default",
    name: Annotated[str, typer.Option(help="The name of the player in the log.")] = "",
    temperature: Annotated[float, typer.Option(min=0, help="Of the model.")] = 0.0,
    max_tokens: Annotated[int, typer.Option(min=1, help="Of one reply, its thoughts included.")] = 1024,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds for one request.")] = 120.0,
    record: Annotated[Path | None, typer.Option(help="Also write every reply to this file.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Take the replies from such a file instead of a server.")] = None,
    coplayer: Coplayer = "coplayer",
    feel: Feel = False,
    show: Show = False,
    reason: Reason = False,
    emotion_last: Last = False,
) -> None:
    """Play a grid of games, emotions, ways, opponents and seeds.

    Example:  mien lab games play run --games dictator,prisoner_dilemma --seeds 3
    --server http://127.0.0.1:8080/v1 --model qwen --workers 4
    """
    from mien.lab.chat import Recorder, Replay, Server
    from mien.lab.games.game import load, names
    from mien.lab.games.grid import Grid, run
    from mien.lab.games.language import Language
    from mien.lab.games.match import EMOTIONS, WAYS, Setup
    from mien.lab.games.person import People
    from mien.lab.games.report import PEOPLE

    setup = Setup(coplayer=coplayer, feel=feel, show=show, reason=reason, emotion_last=emotion_last)
    asked = server or replay
    grid = Grid(
        player=name or (f"{model} at {temperature:g}" if asked else PEOPLE),
        games=tuple(load(game) for game in _parts(games) or names()),
        emotions=_parts(emotions) or EMOTIONS,
        ways=_parts(ways) or WAYS,
        opponents=_parts(opponents),
        seeds=seeds,
        setup=setup,
    )

    def chat(seed: int) -> Chat:
        scope = str(seed)
        if recorded is not None:
            return Replay(recorded, scope)
        served = Server(server, model, temperature=temperature, seed=seed, max_tokens=max_tokens, timeout=timeout)
        return Recorder(served, record, scope) if record else served

    recorded = Replay.load(replay).replies if replay else None
    player = Language(chat, setup) if asked else People.load()
    now, before = run(grid, player, folder, workers)
    typer.echo(f"{now} matches played and {before} kept in {folder}", err=True)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a run.")],
) -> None:
    """Write report.html (heat-maps, intervals, people) and effects.json into the folder of a run.

    Example:  mien lab games report run
    """
    from mien.lab.games import report as page
    from mien.lab.games.grid import read

    log = read(folder)
    for name, text in (("report.html", page.report(log)), ("effects.json", page.table(log))):
        (folder / name).write_text(text, "utf-8")
        typer.echo(folder / name)


@app.command()
def verify(
    results: Annotated[Path, typer.Argument(help="The folder for games_recovery.json and games_grid.json.")],
    repeats: Annotated[int, typer.Option(min=1, help="Simulated experiments.")] = 60,
    seeds: Annotated[int, typer.Option(min=2, help="Matches of each kind in each experiment.")] = 10,
    grid_seeds: Annotated[int, typer.Option(min=0, help="Seeds of the full grid; it is left out at 0.")] = 5,
) -> None:
    """Measure on rule-based people, whose parameters are known, how far the statistics can be trusted.

    Its experiments draw their luck from the seeds 0, 1, 2, …, each from seeds of its own.

    Example:  mien lab games verify results
    """
    import time

    from mien.lab.games.verify import DATA, full_grid, trust
    from mien.record import write

    found = {"games_recovery": lambda: trust(repeats, seeds), "games_grid": lambda: full_grid(grid_seeds)}
    for name, measured in list(found.items())[: 2 if grid_seeds else 1]:
        start = time.perf_counter()
        figures = measured()
        path = results / f"{name}.json"
        write(path, figures, seed=0, data=DATA, seconds=time.perf_counter() - start)
        typer.echo(path)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
