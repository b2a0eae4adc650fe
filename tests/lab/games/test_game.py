"""Games say who earns what, and what follows from it."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import InputError
from mien.lab.games.game import CELLS, Matrix, Split, dump, everyone, load, names, parse

MATRICES = {
    "prisoner_dilemma": [(3, 3), (1, 4), (4, 1), (2, 2)],
    "battle_of_sexes": [(10, 7), (0, 0), (0, 0), (7, 10)],
    "biased": [(3, 4), (2, 2), (1, 1), (4, 3)],
    "cyclic": [(3, 3), (1, 4), (2, 2), (4, 1)],
    "second_best": [(1, 1), (2, 4), (3, 3), (4, 2)],
    "unfair": [(2, 4), (1, 3), (3, 1), (4, 2)],
    "win_win": [(1, 1), (4, 4), (1, 1), (2, 2)],
}
pays = st.integers(0, 4).map(float)
cells = st.tuples(pays, pays)
matrices = st.tuples(cells, cells, cells, cells).filter(lambda c: min(max(p[0] for p in c), max(p[1] for p in c)) > 0)
games = matrices.map(lambda c: Matrix("any", ((c[0], c[1]), (c[2], c[3]))))


def test_the_shipped_games_are_these() -> None:
    assert set(names()) == {*MATRICES, "dictator", "ultimatum_proposer", "ultimatum_responder"}


@pytest.mark.parametrize("name", MATRICES)
def test_the_payoffs_are_those_of_the_literature(name) -> None:
    game = load(name)
    assert isinstance(game, Matrix)
    assert [game.pay(cell) for cell in CELLS] == MATRICES[name]
    assert game.rounds == 10


@pytest.mark.parametrize(
    ("name", "nash", "pareto"),
    [
        ("prisoner_dilemma", {(1, 1)}, {(0, 0), (0, 1), (1, 0)}),
        ("battle_of_sexes", {(0, 0), (1, 1)}, {(0, 0), (1, 1)}),
        ("cyclic", set(), {(0, 0), (0, 1), (1, 1)}),
        ("win_win", {(0, 1)}, {(0, 1)}),
    ],
)
def test_equilibria_and_efficient_cells_by_hand(name, nash, pareto) -> None:
    game = load(name)
    assert isinstance(game, Matrix)
    assert (game.nash(), game.pareto()) == (nash, pareto)


@given(games)
def test_nash_is_where_no_change_of_mind_pays(game) -> None:
    slow = {
        (a, b)
        for a, b in itertools.product((0, 1), repeat=2)
        if game.payoffs[a][b][0] >= game.payoffs[1 - a][b][0] and game.payoffs[a][b][1] >= game.payoffs[a][1 - b][1]
    }
    assert game.nash() == slow


@given(games)
def test_pareto_is_where_no_other_cell_is_better_for_one_and_as_good_for_both(game) -> None:
    def better(x, y) -> bool:
        return all(i >= j for i, j in zip(x, y, strict=True)) and any(i > j for i, j in zip(x, y, strict=True))

    slow = {c for c in CELLS if not any(better(game.pay(other), game.pay(c)) for other in CELLS)}
    assert game.pareto() == slow


@given(games)
def test_a_mixed_equilibrium_makes_both_indifferent(game) -> None:
    mixed = game.mixed()
    if mixed is None:
        return
    p, q = mixed
    rows = [q * game.payoffs[a][0][0] + (1 - q) * game.payoffs[a][1][0] for a in (0, 1)]
    columns = [p * game.payoffs[0][b][1] + (1 - p) * game.payoffs[1][b][1] for b in (0, 1)]
    assert rows[0] == pytest.approx(rows[1])
    assert columns[0] == pytest.approx(columns[1])


def test_the_mixed_equilibrium_of_the_battle_of_sexes_is_ten_to_seven() -> None:
    game = load("battle_of_sexes")
    assert isinstance(game, Matrix)
    assert game.mixed() == pytest.approx((10 / 17, 7 / 17))


@given(games)
def test_every_finite_game_of_two_moves_has_an_equilibrium(game) -> None:
    assert game.nash() or game.mixed()


@given(games, st.sampled_from([0, 1]))
def test_the_generous_move_leaves_the_other_more(game, seat) -> None:
    left = [sum(game.earn(seat, own, other)[1] for other in (0, 1)) for own in (0, 1)]
    kind = game.generous(seat)
    assert left[0] == left[1] if kind is None else left[kind] > left[1 - kind]


def test_defecting_is_not_generous_and_yielding_is() -> None:
    dilemma, sexes = load("prisoner_dilemma"), load("battle_of_sexes")
    assert isinstance(dilemma, Matrix)
    assert isinstance(sexes, Matrix)
    assert [dilemma.generous(0), dilemma.generous(1)] == [0, 0]
    assert [sexes.generous(0), sexes.generous(1)] == [1, 0]


@pytest.mark.parametrize(
    ("name", "moves", "pay"),
    [
        ("dictator", (300, 1), (700, 300)),
        ("ultimatum_proposer", (300, 1), (700, 300)),
        ("ultimatum_proposer", (300, 0), (0, 0)),
        ("ultimatum_responder", (1, 300), (300, 700)),
        ("ultimatum_responder", (0, 300), (0, 0)),
    ],
)
def test_a_split_pays_what_was_agreed_and_nothing_if_refused(name, moves, pay) -> None:
    assert load(name).pay(moves) == pay


@pytest.mark.parametrize("game", list(everyone()), ids=lambda game: game.name)
def test_a_game_survives_its_file(game, tmp_path: Path) -> None:
    path = tmp_path / "copy.json"
    path.write_text(json.dumps(dump(game)))
    assert load(path) == game


GOOD = {"name": "mine", "kind": "matrix", "payoffs": [[[1, 1], [0, 0]], [[0, 0], [2, 2]]]}
SHARED = {"name": "mine", "kind": "split", "role": "dictator", "total": 10}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "poker"}, "kind must be one of"),
        ({"payoffs": [[[1, 1], [0, 0]]]}, "2 × 2 pairs"),
        ({"payoffs": [[[1, 1, 1], [0, 0]], [[0, 0], [2, 2]]]}, "2 × 2 pairs"),
        ({"payoffs": [[[1, "1"], [0, 0]], [[0, 0], [2, 2]]]}, "of type number, got '1'"),
        ({"payoffs": [[[-1, 1], [0, 0]], [[0, 0], [2, 2]]]}, "0 or more"),
        ({"payoffs": [[[0, 1], [0, 0]], [[0, 0], [0, 2]]]}, "above 0 somewhere for each"),
        ({"payoffs": [[[float("nan"), 1], [0, 0]], [[0, 0], [2, 2]]]}, "finite"),
        ({"payoffs": [[[1e400, 1], [0, 0]], [[0, 0], [2, 2]]]}, "finite"),
        ({"rounds": 0}, r"must lie in \[1, 1000\]"),
        ({"roundz": 3}, "'roundz', which nobody asked for"),
    ],
)
def test_a_matrix_that_is_none_is_refused(change, words) -> None:
    with pytest.raises(InputError, match=words):
        parse({**GOOD, **change})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"role": "judge"}, "role must be one of"),
        ({"role": "recipient"}, "role must be one of"),
        ({"total": 0}, "total must lie in"),
        ({"total": 10**400}, "total must lie in"),
        ({"role": "responder"}, "`kept` go with the role responder"),
        ({"kept": [0.5]}, "`kept` go with the role responder"),
        ({"role": "responder", "kept": [1.5]}, r"kept\[0\] must lie in \[0, 1\]"),
    ],
)
def test_a_split_that_is_none_is_refused(change, words) -> None:
    with pytest.raises(InputError, match=words):
        parse({**SHARED, **change})


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"matrix"', "[" * 100_000])
def test_a_file_that_is_no_game_is_named(tmp_path: Path, text) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"odd\.json|game"):
        load(path)


def test_a_misspelt_game_meets_the_nearest_one() -> None:
    with pytest.raises(InputError, match="did you mean 'dictator'"):
        load("dictater")


def test_only_a_responder_may_have_offers() -> None:
    assert Split("s", "responder", kept=(0.5,)).part(1) == "proposer"
