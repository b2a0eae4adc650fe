"""Measures say what was played, and statistics say how sure one may be."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mien.errors import InputError
from mien.lab.games.effect import (
    COLUMNS,
    HUMANS,
    MEASURES,
    Effect,
    Human,
    _student,
    agreement,
    agrees,
    binary_intervals,
    discovery,
    effects,
    flips,
    holm,
    humans,
    intervals,
    scores,
    wilson,
)
from mien.lab.games.game import load
from mien.lab.games.grid import Key, Played
from mien.lab.games.match import Round
from mien.lab.games.person import People
from mien.lab.games.verify import sample


def played(game: str, moves: list, opponent: str, emotion: str = "none", seed: int = 0) -> Played:
    found = load(game)
    rounds = tuple(Round(m, (0.0, 0.0) if None in m else found.pay(m)) for m in moves)
    key = Key("p", "s", game, emotion, "none" if emotion == "none" else "plain", opponent, seed)
    return Played(key, replace(found, rounds=len(moves)) if len(moves) > 1 else found, rounds)


@pytest.mark.parametrize(
    ("match", "measures"),
    [
        (played("dictator", [(300, 1)], "recipient"), {"offered": 0.3, "of_most": 0.7, "of_best": 0.7}),
        (played("ultimatum_proposer", [(300, 0)], "twin"), {"offered": 0.3, "of_most": 0.0}),
        (played("ultimatum_responder", [(1, 200)], "keeps 0.8"), {"accepted": 1.0, "of_most": 0.2, "of_best": 1.0}),
        (played("ultimatum_responder", [(0, 200)], "keeps 0.8"), {"accepted": 0.0, "of_most": 0.0, "of_best": 0.0}),
        (played("ultimatum_responder", [(None, 200)], "keeps 0.8"), {"of_most": 0.0, "of_best": 0.0}),
        # Against always-defect 1, 2 and nothing of 4 each; best is 2 each. The void round counts in the earnings.
        (played("prisoner_dilemma", [(0, 1), (1, 1), (None, 1)], "deflecting"),
         {"cooperation": 0.5, "of_most": 3 / 12, "of_best": 3 / 6}),
        # Meeting at the partner's place every time is the best against one who never yields: 7 of 10, and all of 7.
        (played("battle_of_sexes", [(1, 1), (1, 1)], "deflecting"), {"cooperation": 1, "of_most": 0.7, "of_best": 1}),
        (played("second_best", [(1, 1), (0, 0)], "twin"), {"of_most": 5 / 8}),
    ],
)  # fmt: skip
def test_measures_by_hand(match, measures) -> None:
    assert {s.measure: s.value for s in scores([match])} == pytest.approx(measures)


def test_an_effect_is_the_mean_difference_of_matched_pairs() -> None:
    log = [played("dictator", [(give, 1)], "recipient", emotion, seed)
           for emotion, gives in (("none", (100, 200, 300, 999)), ("fear", (200, 200, 600)))
           for seed, give in enumerate(gives)]  # fmt: skip
    (found,) = [e for e in effects(scores(log)) if e.measure == "offered"]
    assert (found.pairs, found.calm, found.change) == (3, pytest.approx(0.2), pytest.approx(0.4 / 3))
    assert found.low <= found.change <= found.high


def test_an_emotion_without_a_calm_match_beside_it_has_no_effect() -> None:
    assert effects(scores([played("dictator", [(1, 1)], "recipient", "fear")])) == []


def test_one_pair_has_no_interval() -> None:
    log = [played("dictator", [(give, 1)], "recipient", emotion) for emotion, give in (("none", 0), ("fear", 9))]
    assert all(np.isnan([e.low, e.high]).all() and e.chance == 1 for e in effects(scores(log)))


p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(p_values)
def test_holm_is_what_its_definition_says(p) -> None:
    ranked, slow, worst = sorted(range(len(p)), key=p.__getitem__), [0.0] * len(p), 0.0
    for rank, index in enumerate(ranked):
        worst = max(worst, min(1.0, p[index] * (len(p) - rank)))
        slow[index] = worst
    assert holm(p) == pytest.approx(slow)


@given(p_values)
def test_discovery_is_that_of_scipy(p) -> None:
    assert discovery(p) == pytest.approx(stats.false_discovery_control(p))


@given(p_values)
def test_corrections_never_make_a_chance_smaller_and_holm_is_the_stricter(p) -> None:
    assert (discovery(p) >= np.array(p) - 1e-12).all()
    assert (holm(p) >= discovery(p) - 1e-12).all()


def test_flips_are_the_exact_test_where_all_signs_can_be_tried() -> None:
    rows = np.random.default_rng(0).normal(0.4, 1, size=(6, 9))
    exact = [
        stats.permutation_test((row,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue for row in rows
    ]
    assert flips(rows, np.random.default_rng(1), 40_000) == pytest.approx(exact, abs=0.012)  # 5 errors at 40,000


def test_without_an_effect_five_percent_of_chances_are_below_five_percent() -> None:
    rows = np.random.default_rng(2).normal(size=(2000, 15))
    share = (flips(rows, np.random.default_rng(3), 2000) <= 0.05).mean()
    assert share == pytest.approx(0.05, abs=0.02)  # 4 errors of 2,000 draws


def test_differences_of_nothing_have_a_chance_of_one() -> None:
    zeros = np.zeros((2, 8))
    assert flips(zeros, np.random.default_rng(0)).tolist() == [1, 1]
    assert intervals(zeros, [8], np.random.default_rng(0)).tolist() == [[0, 0], [0, 0]]


def test_an_interval_is_that_of_scipy_where_the_strata_are_large() -> None:
    row = np.random.default_rng(4).exponential(size=400)
    slow = stats.bootstrap((row,), np.mean, method="percentile", n_resamples=9999, rng=np.random.default_rng(5))
    fast = intervals(row[None], [400], np.random.default_rng(6), 9999)[0]
    width = slow.confidence_interval.high - slow.confidence_interval.low
    assert fast == pytest.approx(slow.confidence_interval, abs=0.06 * width)


@pytest.mark.parametrize("sizes", [(12,), (6, 6), (3, 3, 3, 3), (2,) * 6, (1,) * 12, (1, 11)])
def test_intervals_of_small_strata_hold_the_mean_nearly_as_often_as_they_say(sizes) -> None:
    """The plain bootstrap falls to 83 % for strata of two."""
    rows = np.random.default_rng(7).normal(size=(1500, 12))
    low, high = intervals(rows, sizes, np.random.default_rng(8), 1000).T
    assert 0.925 < ((low <= 0) & (high >= 0)).mean() < 0.965


@pytest.mark.parametrize(("before", "after"), [(0.5, 0.5), (0.95, 0.9), (0.02, 0.05), (1.0, 0.97)])
@pytest.mark.parametrize("n", [10, 110])
def test_intervals_of_rates_hold_the_change_even_where_few_answers_differ(before, after, n) -> None:
    """The same luck for both, so that most pairs do not differ; where none does, a bootstrap interval is a point."""
    luck = np.random.default_rng(9).random((1500, n))
    rows = (luck < after).astype(float) - (luck < before)
    low, high = binary_intervals(rows).T
    assert ((low <= after - before) & (after - before <= high)).mean() > 0.9


@pytest.mark.parametrize("freedom", [3, 4, 6, 11, 50, np.inf])
def test_the_point_of_students_distribution_is_that_of_scipy(freedom) -> None:
    assert _student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.01)


@pytest.mark.parametrize(("hits", "of"), [(0, 5), (5, 5), (7, 13), (930, 1000)])
def test_the_interval_of_a_share_is_that_of_scipy(hits, of) -> None:
    slow = stats.binomtest(hits, of).proportion_ci(method="wilson")
    assert wilson(hits, of) == pytest.approx((slow.low, slow.high), abs=1e-6)


def test_strata_keep_differences_between_opponents_out_of_the_interval() -> None:
    row = np.array([[0.0, 0.1, 0.0, 0.1, 1.0, 1.1, 1.0, 1.1]])
    (together,) = intervals(row, [8], np.random.default_rng(0))
    (apart,) = intervals(row, [4, 4], np.random.default_rng(0))
    assert apart[1] - apart[0] < 0.2 * (together[1] - together[0])


def test_a_declared_shift_is_found_and_nothing_else_survives_the_correction() -> None:
    """Anger moves dictators and dilemmas; renamed calm players are the null."""
    people = People.load()
    calm, others = (sample(people, "none", start, 12) for start in (0, 40))
    null = [replace(p, key=replace(p.key, emotion="fear", way="plain", seed=p.key.seed - 40)) for p in others]
    found = effects(scores([*calm, *null, *sample(people, "anger", 0, 12)]))
    assert {(e.game, e.measure) for e in found if e.emotion == "anger" and e.holm < 0.05} >= {
        ("dictator", "offered"), ("prisoner_dilemma", "cooperation")
    }  # fmt: skip
    assert not [e for e in found if e.emotion == "fear" and e.holm < 0.05]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_equal_logs_and_seeds_give_equal_effects(seed) -> None:
    log = [played("dictator", [(100 * s, 1)], "recipient", e, s) for e in ("none", "fear") for s in range(4)]
    assert effects(scores(log), seed) == effects(scores(log), seed)


def effect(low: float, high: float) -> Effect:
    return Effect("p", "dictator", "offered", "fear", "plain", 0.3, (low + high) / 2, low, high, 0.01, 9)


def human(direction: int) -> Human:
    return Human("dictator", "offered", "fear", "plain", direction, "somebody", "something")


@pytest.mark.parametrize(
    ("low", "high", "direction", "same"),
    [(0.1, 0.3, 1, True), (0.1, 0.3, -1, False), (0.1, 0.3, 0, False), (-0.1, 0.3, 1, False), (-0.1, 0.3, 0, True),
     (-0.3, -0.1, -1, True), (np.nan, np.nan, 0, False), (np.nan, np.nan, 1, False)],
)  # fmt: skip
def test_agreement_needs_a_clear_sign_and_no_effect_an_unclear_one(low, high, direction, same) -> None:
    assert agrees(effect(low, high), human(direction)) == same


def test_agreement_counts_findings_of_the_same_cell_alone() -> None:
    studies = [human(1), human(1), human(-1), replace(human(1), way="external"), replace(human(1), game="cyclic")]
    (found,) = agreement([effect(0.1, 0.3)], studies)
    assert (found.matched, found.findings) == (2, 3)
    assert 0 <= found.low <= 2 / 3 <= found.high <= 1


def test_every_shipped_finding_has_a_citation_with_a_year() -> None:
    rows = humans()
    assert rows
    assert all(any(str(year) in row.citation for year in range(1980, 2027)) for row in rows)
    assert {row.measure for row in rows} <= set(MEASURES)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("dictator,offered,fear,plain,1,,found", "needs a citation"),
        ("dictator,offered,fear,plain,1,  ,found", "needs a citation"),
        ("dictator,offered,fear,plain,up,A 2000,found", "direction must be one of"),
        ("dictater,offered,fear,plain,1,A 2000,found", "game must be one of"),
        ("dictator,offered,fear", "way must be one of"),
        ("dictator,offered,fear,plain,1,A 2000,found,more", "must have 7 values"),
    ],
)
def test_a_finding_that_cannot_be_used_names_its_line(tmp_path, row, words) -> None:
    path = tmp_path / "humans.csv"
    path.write_text(",".join(COLUMNS) + "\n" + row + "\n")
    with pytest.raises(InputError, match=rf"line 2.*{words}"):
        humans(path)


def test_an_empty_table_of_findings_is_right_and_another_header_is_not(tmp_path) -> None:
    path = tmp_path / "humans.csv"
    path.write_text(HUMANS.read_text().splitlines()[0] + "\n")
    assert humans(path) == []
    path.write_text("game,emotion\n")
    with pytest.raises(InputError, match="must have the columns"):
        humans(path)
