"""A log says what was played, whatever played it, in whatever order, and however often it was stopped."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from mien.errors import InputError
from mien.lab.chat import ChatError, Message, Recorder, Replay, Server
from mien.lab.games.game import Matrix, load
from mien.lab.games.grid import LOG, Grid, read, run
from mien.lab.games.language import Language
from mien.lab.games.match import Setup, View
from mien.lab.games.person import People
from mien.lab.games.verify import Reader

GAMES = tuple(
    replace(game, rounds=3) if isinstance(game, Matrix) else game
    for game in map(load, ("prisoner_dilemma", "dictator", "ultimatum_proposer", "ultimatum_responder"))
)


@pytest.fixture
def grid() -> Grid:
    return Grid("people", GAMES, ("anger", "fear"), ("plain", "coplayer"), seeds=2, setup=Setup(feel=True, show=True))


@pytest.fixture
def people() -> People:
    return People.load()


def log(folder: Path) -> bytes:
    return (folder / LOG).read_bytes()


def spoken(people: People, setup: Setup) -> Language:
    return Language(lambda seed: Reader(people, seed).chat(), setup)


def test_the_grid_through_a_server_equals_the_direct_run_byte_for_byte(grid, people, tmp_path, stub, answers) -> None:
    send, completion = answers

    def serve(body: dict, handler: object) -> None:
        text = Reader(people, body["seed"]).answer([Message(**m) for m in body["messages"]])
        send(200, completion(text))(body, handler)

    it = stub(serve)
    small = replace(grid, seeds=1, emotions=("anger",))
    run(small, people, tmp_path / "direct")
    run(small, Language(lambda seed: Server(it.url, "people", seed=seed), grid.setup), tmp_path / "server", workers=4)
    assert len(it.asked) > 200
    assert log(tmp_path / "server") == log(tmp_path / "direct")


def test_workers_do_not_change_a_byte(grid, people, tmp_path) -> None:
    run(grid, people, tmp_path / "one")
    run(grid, people, tmp_path / "many", workers=8)
    assert log(tmp_path / "one") == log(tmp_path / "many")


def test_every_round_of_every_match_is_a_line_and_reads_back(grid, people, tmp_path) -> None:
    run(grid, people, tmp_path)
    played = read(tmp_path)
    assert [p.key for p in played] == [grid.key(match) for match in grid.matches()]
    assert log(tmp_path).count(b"\n") == sum(p.game.rounds for p in played) == sum(len(p.rounds) for p in played)
    assert {p.game for p in played} == set(GAMES)
    assert len(played) == (6 + 1 + 2 + 11) * 5 * 2


@pytest.mark.parametrize("cut", [0.0, 0.37, 0.999])
def test_a_torn_log_is_completed_to_the_same_bytes(grid, people, tmp_path, cut) -> None:
    run(grid, people, tmp_path)
    whole = log(tmp_path)
    (tmp_path / LOG).write_bytes(whole[: int(cut * len(whole))])
    now, before = run(grid, people, tmp_path)
    assert now + before == len(list(grid.matches()))
    assert now > 0
    assert log(tmp_path) == whole


def test_a_finished_grid_is_not_played_again(grid, people, tmp_path) -> None:
    run(grid, people, tmp_path)
    before = log(tmp_path)
    assert run(grid, Language(lambda seed: pytest.fail("asked"), grid.setup), tmp_path)[0] == 0
    assert log(tmp_path) == before


def test_a_larger_grid_adds_to_a_smaller_one(grid, people, tmp_path) -> None:
    run(replace(grid, seeds=1), people, tmp_path)
    now, before = run(grid, people, tmp_path)
    assert now == before
    run(grid, people, tmp_path / "whole")
    assert log(tmp_path) == log(tmp_path / "whole")


def test_a_folder_keeps_what_other_grids_have_played_in_it(grid, people, tmp_path) -> None:
    for emotion in ("anger", "fear"):
        run(replace(grid, emotions=(emotion,)), people, tmp_path)
    assert {p.key.emotion for p in read(tmp_path)} == {"none", "anger", "fear"}
    now, _ = run(grid, people, tmp_path)
    assert now == 0


def test_a_failing_server_stops_the_grid_and_keeps_what_was_played(grid, people, tmp_path) -> None:
    class Dying(People):
        """Fails at the twentieth match, while others are under way."""

        def move(self, view: View):
            if len(seen) >= 20:
                raise ChatError("no reply from the server")
            if not view.past:
                seen.append(view)
            return super().move(view)

    seen: list[View] = []
    dying = Dying(people.base, people.shifts, people.ways)
    with pytest.raises(ChatError, match="no reply"):
        run(grid, dying, tmp_path, workers=4)
    kept = len(read(tmp_path))
    assert 5 <= kept <= 20
    run(grid, people, tmp_path)
    run(grid, people, tmp_path / "whole")
    assert log(tmp_path) == log(tmp_path / "whole")


def test_no_more_matches_than_workers_are_played_at_a_time(grid, people, tmp_path) -> None:
    lock, now, most = threading.Lock(), 0, 0

    class Counting(People):
        def move(self, view: View):
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.001)
            answer = super().move(view)
            with lock:
                now -= 1
            return answer

    run(replace(grid, seeds=1), Counting(people.base, people.shifts, people.ways), tmp_path, workers=3)
    assert most == 3


def test_a_recorded_grid_replays_to_the_same_bytes(grid, people, tmp_path) -> None:
    small, tape = replace(grid, seeds=1, games=GAMES[:2]), tmp_path / "tape.jsonl"
    recorder = Language(lambda seed: Recorder(Reader(people, seed).chat(), tape, str(seed)), grid.setup)
    run(small, recorder, tmp_path / "live", workers=4)
    replies = Replay.load(tape).replies
    run(small, Language(lambda seed: Replay(replies, str(seed)), grid.setup), tmp_path / "again")
    assert log(tmp_path / "live") == log(tmp_path / "again")


def test_unreadable_replies_are_counted_and_nothing_is_dropped(grid, people, tmp_path, stub, answers) -> None:
    send, completion = answers
    it = stub(send(200, completion("I would rather not say.", prompt_tokens=7, completion_tokens=5)))
    small = Grid("mute", GAMES[:2], ("anger",), ("plain",), ("imitative", "recipient"))
    run(small, Language(lambda seed: Server(it.url, "mute"), small.setup), tmp_path)
    rounds = [round_ for played in read(tmp_path) for round_ in played.rounds]
    assert len(rounds) == 2 * (3 + 1)
    assert {(r.moves[0], r.pay, r.asked[0], r.tokens) for r in rounds} == {(None, (0.0, 0.0), 3, (21, 15))}


def test_another_setup_or_game_needs_another_folder(grid, people, tmp_path) -> None:
    run(grid, people, tmp_path)
    with pytest.raises(InputError, match="another setup or wording"):
        run(replace(grid, setup=Setup(reason=True)), people, tmp_path)
    with pytest.raises(InputError, match="another game named prisoner_dilemma"):
        run(replace(grid, games=(load("prisoner_dilemma"),)), people, tmp_path)


def test_two_games_of_one_name_are_not_played_together(grid, people, tmp_path) -> None:
    both = replace(grid, games=(GAMES[0], load("prisoner_dilemma")))
    with pytest.raises(InputError, match="another game named prisoner_dilemma"):
        run(both, people, tmp_path)


def test_a_grid_that_cannot_be_played_leaves_no_folder(grid, people, tmp_path) -> None:
    with pytest.raises(InputError, match="emotion"):
        run(replace(grid, emotions=("joy",)), people, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('"moves"', '"mooves"'),
        ('"moves": [', '"moves": ["x", '),
        ('"pay": [', '"pay": [NaN, '),
    ],
)
def test_a_line_that_is_half_right_is_named(grid, people, tmp_path, was, now) -> None:
    run(replace(grid, games=GAMES[1:2]), people, tmp_path)
    text = (tmp_path / LOG).read_text()
    (tmp_path / LOG).write_text(text.replace(was, now, 1))
    with pytest.raises(InputError, match="line 1 is no round"):
        read(tmp_path)


def test_a_log_that_is_no_text_is_named(grid, people, tmp_path) -> None:
    run(replace(grid, games=GAMES[1:2]), people, tmp_path)
    with (tmp_path / LOG).open("ab") as file:
        file.write(b"\xff\n")
    with pytest.raises(InputError, match="is no log"):
        read(tmp_path)


@pytest.mark.parametrize("content", ["{}", "[]", '{"a": 1}', '{"a": {"game": {}, "setup": {}, "wording": ""}}'])
def test_a_setup_file_that_does_not_fit_its_log_is_refused(grid, people, tmp_path, content) -> None:
    run(replace(grid, games=GAMES[1:2]), people, tmp_path)
    (tmp_path / "setups.json").write_text(content)
    with pytest.raises(InputError, match="says not what"):
        read(tmp_path)


@pytest.mark.parametrize(("line", "words"), [("{}", "KeyError"), ("[]", "TypeError"), ("x", "JSONDecodeError")])
def test_a_damaged_line_is_named(grid, people, tmp_path, line, words) -> None:
    run(replace(grid, games=GAMES[1:2]), people, tmp_path)
    with (tmp_path / LOG).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=rf"line 11 is no round \({words}"):
        read(tmp_path)


def test_a_folder_without_a_run_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="is this the folder of a run"):
        read(tmp_path)


@pytest.mark.parametrize("change", [{"opponents": ("nobody",)}, {"seeds": 0}, {"games": ()}])
def test_an_empty_grid_is_refused(grid, change) -> None:
    with pytest.raises(InputError):
        replace(grid, **change)


def test_the_setup_file_says_what_the_hashes_mean(grid, people, tmp_path) -> None:
    run(grid, people, tmp_path)
    setups = json.loads((tmp_path / "setups.json").read_text())
    assert {s["game"]["name"] for s in setups.values()} == {game.name for game in GAMES}
    assert {p.key.setup for p in read(tmp_path)} == set(setups)
