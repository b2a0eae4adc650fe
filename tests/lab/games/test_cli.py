"""The command line plays, shows and reports; the page says what was measured and lets nothing through."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mien.errors import InputError
from mien.lab.chat import Message
from mien.lab.games import verify
from mien.lab.games.cli import app
from mien.lab.games.grid import LOG, read
from mien.lab.games.person import People
from mien.lab.games.report import CAUTION, report, table

SMALL = ["--games", "dictator,prisoner_dilemma,ultimatum_responder", "--emotions", "anger,fear", "--ways", "external"]


def mien(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    done = mien("play", folder, *SMALL, "--seeds", 4)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"216 matches played and 0 kept in {folder}\n"
    return folder


def test_the_list_names_every_game_with_its_equilibria() -> None:
    shown = mien("list").stdout
    assert "prisoner_dilemma" in shown
    assert "Nash [(1, 1)], mixed None, Pareto [(0, 0), (0, 1), (1, 0)]" in shown


def test_a_prompt_is_shown_as_a_model_would_get_it() -> None:
    shown = mien("prompt", "prisoner_dilemma", "--emotion", "anger", "--way", "coplayer", "--rounds", 2).stdout
    assert shown.startswith("[system]\nYou take part")
    assert "You are angry right now, because your coplayer" in shown
    assert shown.count("is over. You chose") == 2
    assert "Round 3. Which do you choose" in shown


@pytest.mark.parametrize("game", ["dictator", "ultimatum_proposer", "ultimatum_responder"])
def test_a_prompt_of_a_split_asks_its_question(game) -> None:
    assert mien("prompt", game).stdout.rstrip().endswith((".", ":"))


def test_the_defaults_show_no_name_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="did you mean 'anger'"):
        mien("prompt", "dictator", "--emotion", "angre")


class Tags(HTMLParser):
    """Which tags open and close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(page: str) -> Tags:
    parser = Tags()
    parser.feed(page)
    assert parser.open == []
    return parser


def test_the_report_is_a_page_with_maps_intervals_and_people(folder) -> None:
    assert mien("report", folder).exit_code == 0
    page = (folder / "report.html").read_text("utf-8")
    tags(page)
    assert CAUTION in page
    for part in ("<h3>offered</h3>", "<h3>accepted</h3>", "<h3>cooperation</h3>", "background:rgb(",
                 "findings matched", "As shifts of the parameters", "anger, external", "Holm"):  # fmt: skip
        assert part in page
    found = json.loads((folder / "effects.json").read_text("utf-8"))
    anger = [e for e in found["effects"] if (e["game"], e["measure"], e["emotion"]) == ("dictator", "offered", "anger")]
    assert f"{anger[0]['change']:+.3f} [{anger[0]['low']:+.3f}, {anger[0]['high']:+.3f}]" in page
    assert found["agreement"][0]["player"] == "people"


def test_a_page_lets_no_markup_of_a_log_through(folder) -> None:
    evil = '<script>alert(1)</script>"'
    log = [replace(p, key=replace(p.key, player=evil)) for p in read(folder)]
    page = report(log)
    assert evil not in page
    assert "script" not in tags(page).seen
    assert json.loads(table(log))["effects"][0]["player"] == evil


def test_what_has_no_interval_is_null_in_strict_json(folder) -> None:
    alone = [p for p in read(folder) if (p.key.game, p.key.seed) == ("dictator", 0)]

    def refuse(name: str) -> None:
        pytest.fail(f"{name} is no JSON")

    found = json.loads(table(alone), parse_constant=refuse)
    assert {e["low"] for e in found["effects"]} == {None}
    assert "no interval" in report(alone)


def test_an_empty_log_still_makes_a_page() -> None:
    tags(report([]))


def test_the_command_plays_through_a_server_records_and_replays(tmp_path, stub, answers) -> None:
    send, completion = answers

    def serve(body: dict, handler: object) -> None:
        text = verify.Reader(People.load(), body["seed"]).answer([Message(**m) for m in body["messages"]])
        send(200, completion(text))(body, handler)

    words = ["--games", "dictator", "--ways", "plain", "--name", "people"]
    it = stub(serve)
    mien("play", tmp_path / "server", *words, "--server", it.url, "--record", tmp_path / "tape.jsonl", "--workers", 3)
    mien("play", tmp_path / "replay", *words, "--replay", tmp_path / "tape.jsonl")
    mien("play", tmp_path / "direct", *words)
    logs = {(tmp_path / name / LOG).read_bytes() for name in ("server", "replay", "direct")}
    assert len(logs) == 1
    assert len(it.asked) == 7


def test_the_name_of_a_model_carries_its_temperature(tmp_path, stub, answers) -> None:
    send, completion = answers
    it = stub(send(200, completion("500;500")))
    mien("play", tmp_path, "--games", "dictator", "--emotions", "fear", "--server", it.url, "--model", "m",
         "--temperature", "0.5")  # fmt: skip
    assert {p.key.player for p in read(tmp_path)} == {"m at 0.5"}
    assert {body["temperature"] for body in it.asked} == {0.5}


def test_verifying_writes_numbers_with_their_origin(tmp_path) -> None:
    assert mien("verify", tmp_path, "--repeats", 1, "--seeds", 6, "--grid-seeds", 0).exit_code == 0
    found = json.loads((tmp_path / "games_recovery.json").read_text())
    assert {"commit", "data", "machine", "seconds", "seed"} <= set(found)
    held = found["figures"]["intervals_that_hold_the_truth"]["parameters"]
    assert set(held) == {"envy", "guilt", "reciprocity", "noise"}
    assert all(row["of"] == 6 for row in held.values())
    assert not (tmp_path / "games_grid.json").exists()


def test_the_full_grid_is_the_same_with_workers_and_through_prompts(monkeypatch) -> None:
    monkeypatch.setattr(verify, "everyone", lambda: [verify.load("dictator"), verify.load("ultimatum_proposer")])
    found = verify.full_grid(1)
    assert (found["matches"], found["rounds"]) == (57, 57)
    assert found["same_bytes_with_4_workers"]
    assert found["same_bytes_through_prompts"]
