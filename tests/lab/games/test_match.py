"""Matches against rules come out as pen and paper say."""

import itertools
from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mien.errors import InputError
from mien.lab.games.game import Game, Matrix, Move, load
from mien.lab.games.match import Answer, Emotion, Match, Player, Setup, View, play
from mien.lab.games.person import People, Person
from mien.lab.games.scripted import RULES, Fixed, Scripted, best_total, opponents, seats


@dataclass(frozen=True)
class Listed:
    """Plays a given list of moves; None is unreadable."""

    moves: tuple[Move | None, ...]

    def move(self, view: View) -> Answer[Move]:
        return Answer(self.moves[len(view.past)], asked=3 if self.moves[len(view.past)] is None else 1)

    def feel(self, view: View) -> Answer[str]:
        return Answer(None)

    def show(self, view: View) -> Answer[str]:
        return Answer(f"w{len(view.past)}")


def totals(game: Game, first: Player, second: Player, setup: Setup | None = None) -> tuple[float, float]:
    rounds = play(Match(game, None, "", 0), (first, second), setup or Setup())
    return sum(r.pay[0] for r in rounds), sum(r.pay[1] for r in rounds)


def test_tit_for_tat_loses_nineteen_to_twentytwo_against_always_defect() -> None:
    assert totals(load("prisoner_dilemma"), Scripted("imitative"), Scripted("deflecting")) == (19, 22)


@pytest.mark.parametrize(
    ("game", "first", "second", "score"),
    [
        ("prisoner_dilemma", "cooperative", "cooperative", (30, 30)),
        ("prisoner_dilemma", "deflecting", "deflecting", (20, 20)),
        ("prisoner_dilemma", "deflecting", "cooperative", (40, 10)),
        ("prisoner_dilemma", "imitative", "imitative", (30, 30)),
        ("prisoner_dilemma", "vindictive", "vindictive", (30, 30)),
        ("prisoner_dilemma", "deflecting", "vindictive", (22, 19)),
        # one look at defection in round 2 sours the avenger from round 3 on
        ("prisoner_dilemma", "alternating", "vindictive", (3 + 4 + 4 * 1 + 4 * 2, 3 + 1 + 4 * 4 + 4 * 2)),
        ("battle_of_sexes", "cooperative", "deflecting", (70, 100)),
        ("battle_of_sexes", "deflecting", "cooperative", (100, 70)),
        ("battle_of_sexes", "deflecting", "deflecting", (0, 0)),
    ],
)
def test_rules_against_rules(game, first, second, score) -> None:
    assert totals(load(game), Scripted(first), Scripted(second)) == score


def test_perfect_alternation_shares_the_battle_of_sexes() -> None:
    assert totals(load("battle_of_sexes"), Listed((0, 1) * 5), Scripted("alternating")) == (85, 85)


pays = st.integers(0, 5).map(float)
cells = st.tuples(pays, pays).map(lambda cell: (cell[0] + 1, cell[1] + 1))
rows = st.tuples(cells, cells)


@settings(max_examples=60, deadline=None)
@given(st.tuples(rows, rows), st.sampled_from(list(RULES)))
@example((((3.0, 4.0), (2.0, 5.0)), ((5.0, 1.0), (1.0, 1.0))), "vindictive")  # a betrayal that pays for one round
def test_the_best_total_is_the_best_of_all_sequences(payoffs, rule) -> None:
    game = Matrix("any", payoffs, rounds=6)
    slow = max(totals(game, Listed(moves), Scripted(rule))[0] for moves in itertools.product((0, 1), repeat=6))
    assert best_total(game, rule) == slow


@pytest.mark.parametrize(
    ("game", "opponent", "best"),
    [
        ("prisoner_dilemma", "cooperative", 40),
        ("prisoner_dilemma", "imitative", 31),  # kind until the last round
        ("battle_of_sexes", "deflecting", 70),
        ("ultimatum_responder", "keeps 0.8", 200),
        ("ultimatum_proposer", "accepting", 1000),
        ("ultimatum_proposer", "twin", None),
    ],
)
def test_bounds_known_by_hand(game, opponent, best) -> None:
    assert best_total(load(game), opponent) == best


def test_an_unreadable_answer_makes_the_round_void_and_keeps_it() -> None:
    game = replace(load("prisoner_dilemma"), rounds=4)
    rounds = play(Match(game, None, "", 0), (Listed((0, None, 1, 0)), Scripted("imitative")), Setup())
    assert [r.moves for r in rounds] == [(0, 0), (None, 0), (1, 0), (0, 1)]
    assert [r.pay for r in rounds] == [(3, 3), (0, 0), (4, 1), (1, 4)]
    assert [r.asked for r in rounds] == [(1, 0), (3, 0), (1, 0), (1, 0)]
    assert [r.valid for r in rounds] == [True, False, True, True]


def test_nobody_answers_an_unreadable_offer() -> None:
    (only,) = play(Match(load("ultimatum_proposer"), None, "", 0), (Listed((None,)), Fixed(1)), Setup())
    assert (only.moves, only.pay, only.asked) == ((None, None), (0, 0), (3, 0))


def test_feelings_are_logged_and_an_unreadable_one_is_empty() -> None:
    setup = Setup(feel=True, show=True)
    game = replace(load("prisoner_dilemma"), rounds=2)
    first, second = play(Match(game, None, "", 0), (Listed((0, 0)), Scripted("alternating")), setup)
    assert (first.felt, first.shown) == (("", "neutral"), ("w1", "angry"))
    assert second.shown == ("w2", "angry")


def test_a_twin_is_the_player_without_the_emotion() -> None:
    seen = []

    class Spy(Listed):
        def move(self, view: View) -> Answer[Move]:
            seen.append((view.seat, view.emotion))
            return Answer(0)

    spy, game, feeling = Spy(()), load("prisoner_dilemma"), Emotion("anger", "plain")
    play(Match(game, feeling, "twin", 0), seats(spy, game, "twin"), Setup())
    assert set(seen) == {(0, feeling), (1, None)}


def test_emotions_meet_the_same_luck_and_everything_else_another() -> None:
    game = load("prisoner_dilemma")
    base = Match(game, None, "imitative", 0)
    others = [replace(base, seed=1), replace(base, opponent="twin"), replace(base, game=load("biased"))]
    assert base.view(0).seed == replace(base, emotion=Emotion("fear", "plain")).view(0).seed
    assert len({match.view(seat).seed for match in (base, *others) for seat in (0, 1)}) == 8


@given(st.integers(0, 2**31), st.integers(0, 20))
def test_luck_is_a_chance(seed, rounds) -> None:
    view = View(load("dictator"), 0, past=(None,) * rounds, seed=seed)  # type: ignore[arg-type]
    assert 0 <= view.chance() < 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Emotion("angst", "plain"),
        lambda: Emotion("anger", "plainly"),
        lambda: Setup(labels=("J", "j")),
        lambda: Setup(labels=("", "F")),
        lambda: seats(Fixed(1), load("dictator"), "imitative"),
        lambda: Person(0.5, 0.5, 0.0, 0.0),
        lambda: Person(float("nan"), 0.5),
    ],
)
def test_names_and_numbers_out_of_bounds_are_refused(wrong) -> None:
    with pytest.raises(InputError):
        wrong()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, Emotion("anger", "coplayer"), Emotion("surprise", "external")]))
def test_people_make_legal_moves_in_every_game(seed, emotion) -> None:
    people = People.load()
    for name in ("prisoner_dilemma", "dictator", "ultimatum_proposer", "ultimatum_responder"):
        game = load(name)
        against = next(reversed(opponents(game)))
        for round_ in play(Match(game, emotion, against, seed), seats(people, game, against), Setup()):
            top = 1 if isinstance(game, Matrix) else 1000
            assert round_.valid
            assert all(0 <= move <= top for move in round_.moves if move is not None)
