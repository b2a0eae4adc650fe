"""Parametric people follow their closed forms, and a fit finds their parameters again."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize

from mien.errors import InputError
from mien.lab.games import fit as fitting
from mien.lab.games.fit import Fit, choices, fit, shifts
from mien.lab.games.game import load
from mien.lab.games.match import EMOTIONS, WAYS, Emotion, Match, Round, View
from mien.lab.games.person import People, Person, acceptance, features, options, threshold
from mien.lab.games.verify import expected, sample

SHARP = 1e-4  # a noise so small that people do what is best

amounts = st.floats(0, 3)


def likeliest(person: Person, view: View) -> int:
    chances = person.chances(view)
    return options(view)[max(range(len(chances)), key=chances.__getitem__)]


@given(amounts, st.floats(0.001, 0.999))
def test_a_responder_accepts_from_the_threshold_of_envy_on(envy, share) -> None:
    game = load("ultimatum_responder")
    view = View(game, 0, offer=round(share * 1000))
    least = threshold(envy) * 1000
    if abs(view.offer - least) > 2:  # at the threshold itself both are as good
        assert likeliest(Person(envy, 0.4, noise=SHARP), view) == int(view.offer > least)


@given(amounts)
def test_at_the_threshold_taking_and_refusing_are_equal(envy) -> None:
    assert acceptance(threshold(envy), Person(envy, 0.0, noise=0.1)) == pytest.approx(0.5)


@pytest.mark.parametrize(("guilt", "gives"), [(0.0, 0), (0.49, 0), (0.51, 500), (0.9, 500)])
def test_a_dictator_gives_nothing_or_half(guilt, gives) -> None:
    assert likeliest(Person(0.5, guilt, noise=SHARP), View(load("dictator"), 0)) == gives


@given(st.floats(0.05, 3).filter(lambda envy: abs(threshold(envy) * 20 % 1 - 0.5) < 0.45))
def test_a_proposer_gives_the_least_that_is_taken(envy) -> None:
    person = Person(envy, 0.0, noise=SHARP)
    assert likeliest(person, View(load("ultimatum_proposer"), 0)) == 50 * int(np.ceil(threshold(envy) * 20))


def test_without_social_preferences_defection_dominates_and_noise_equalises() -> None:
    view = View(load("prisoner_dilemma"), 0)
    assert Person(0, 0, noise=SHARP).chances(view)[1] == pytest.approx(1)
    assert Person(0, 0, noise=1e6).chances(view) == pytest.approx([0.5, 0.5], abs=1e-5)


def test_reciprocity_answers_kindness_with_kindness() -> None:
    game, person = load("prisoner_dilemma"), Person(0, 0, reciprocity=1.0, noise=0.1)
    kind, unkind = (View(game, 0, past=(Round((0, other), game.pay((0, other))),)) for other in (0, 1))
    # The same belief in both, so that only the kindness differs.
    same = [replace(view, past=(*view.past, Round((0, 1 - view.past[0].moves[1]), (0, 0)))) for view in (kind, unkind)]
    assert person.chances(same[1])[0] > person.chances(same[0])[0]


@given(st.integers(0, 2**31 - 1))
def test_draws_follow_the_chances_in_order(seed) -> None:
    person, view = Person(0.6, 0.45, 0.3, 0.1), View(load("dictator"), 0, seed=seed)
    below = sum(c for move, c in zip(options(view), person.chances(view), strict=True) if move < person.choose(view))
    assert below <= view.chance() + 1e-12
    assert view.chance() <= below + person.chances(view)[options(view).index(person.choose(view))] + 1e-12


def test_shifts_add_up_and_their_ways_scale_them() -> None:
    people = People.load()
    for name in EMOTIONS:
        moved = [people.under(Emotion(name, way)).envy - people.base.envy for way in WAYS]
        assert moved == pytest.approx([people.shifts[name].get("envy", 0) * people.ways[way] for way in WAYS])
    assert people.under(None) == people.base


DECLARED = {"base": {"envy": 1, "guilt": 0, "reciprocity": 0, "noise": 1}, "ways": dict.fromkeys(WAYS, 1)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        json.dumps({**DECLARED, "shifts": {}, "base": {"envy": 1}}),
        json.dumps({**DECLARED, "shifts": {"fear": {"noize": 1}}}),
        json.dumps({**DECLARED, "shifts": {"fear": {"noise": -1}}}),
    ],
)
def test_a_file_that_declares_no_people_is_refused(text, tmp_path) -> None:
    path = tmp_path / "people.json"
    path.write_text(text)
    with pytest.raises(InputError, match="declares no people"):
        People.load(path)


@pytest.fixture(scope="module")
def people() -> People:
    return People.load()


@pytest.fixture(scope="module")
def calm(people) -> list:
    return sample(people, "none", 0, 12)


def test_newton_finds_the_maximum_that_a_general_optimiser_finds(people, calm) -> None:
    data = choices(calm, people.base)
    slow = minimize(lambda w: -fitting._height(data, w), np.ones(4), method="BFGS").x
    assert fitting._newton(data) == pytest.approx(slow, rel=1e-3)


def test_scores_and_information_are_the_derivatives_of_the_height(people, calm) -> None:
    data, at = choices(calm[::9], people.base), np.array([8.0, 5.0, 4.0, 2.0])
    scores, information = fitting._slopes(data, at)
    assert scores.sum(axis=0) == pytest.approx(
        approx_fprime(at, lambda w: fitting._height(data, w)), rel=1e-4, abs=1e-4
    )
    slow = -approx_fprime(at, lambda w: fitting._slopes(data, w)[0].sum(axis=0), 1e-6)
    assert information == pytest.approx(slow, rel=1e-4, abs=1e-4)


def test_the_influence_of_a_match_is_what_leaving_it_out_changes(people, calm) -> None:
    whole = fit(calm, people.base)
    cluster = ("prisoner_dilemma", "imitative", 3)
    without = fit([p for p in calm if (p.key.game, p.key.opponent, p.key.seed) != cluster], people.base)
    # First order against exact: they differ by the square of one match among two hundred.
    assert whole.influence[cluster] == pytest.approx(whole.values - without.values, rel=0.15, abs=1e-4)


def test_the_error_is_that_of_a_sum_of_independent_matches() -> None:
    moved = np.random.default_rng(0).normal(size=(30, 4))
    moved -= moved.mean(axis=0)
    one = Fit(np.zeros(4), {("g", "o", i): row for i, row in enumerate(moved)})
    error = moved.std(axis=0, ddof=1) * 30**0.5
    assert [e.high for e in one.estimates()] == pytest.approx((1.96 * error).tolist(), rel=1e-4)
    assert [e.low for e in one.estimates()] == pytest.approx((-1.96 * error).tolist(), rel=1e-4)


def test_injected_shifts_are_recovered_within_their_intervals(people, calm) -> None:
    """Of 24 intervals at 95 % chance alone misses one or two; the results file counts many more."""
    log = [*calm, *(played for emotion in EMOTIONS for played in sample(people, emotion, 0, 12))]
    found = shifts(log, people.base)
    hits = [e.holds(people.shifts[emotion].get(e.name, 0.0)) for (emotion, _), row in found.items() for e in row]
    assert len(hits) == 24
    assert sum(hits) >= 20
    # The largest shifts are seen, not only covered.
    assert next(e for e in found["anger", "plain"] if e.name == "envy").low > 0
    assert next(e for e in found["surprise", "plain"] if e.name == "noise").low > 0


def test_a_person_that_is_not_shifted_is_not_seen_to_shift(people, calm) -> None:
    moved = fit(sample(people, "none", 50, 12), people.base).shift(fit(calm, people.base))
    assert all(e.low < 0 < e.high for e in moved)


def test_a_fit_of_itself_shifts_by_nothing(people, calm) -> None:
    one = fit(calm, people.base)
    assert [(e.value, e.low, e.high) for e in one.shift(one)] == [(0, 0, 0)] * 4


@pytest.mark.parametrize(
    ("keep", "words"),
    [(lambda p: False, "got none"), (lambda p: p.key.game == "dictator", "cannot tell")],
)
def test_choices_that_cannot_tell_are_refused(people, calm, keep, words) -> None:
    with pytest.raises(InputError, match=words):
        fit([p for p in calm if keep(p)], people.base)


def test_choices_without_noise_are_refused() -> None:
    """What a language model at temperature 0 may do: the likelihood then has no maximum."""
    sharp = People(Person(0.6, 0.3, 0.3, SHARP), {}, dict.fromkeys(WAYS, 1.0))
    with pytest.raises(InputError, match=r"too regular|cannot tell"):
        fit(sample(sharp, "none", 0, 3), sharp.base)


@pytest.mark.parametrize("measure", ["offered", "accepted"])
def test_the_exact_mean_is_the_mean_of_many(people, measure) -> None:
    game = {"offered": "dictator", "accepted": "ultimatum_responder"}[measure]
    log = [p for p in sample(people, "anger", 0, 150) if p.key.game == game]
    seen = [p.rounds[0].moves[0] / (1000 if measure == "offered" else 1) for p in log]
    error = np.std(seen) / len(seen) ** 0.5
    assert np.mean(seen) == pytest.approx(expected(people, measure, "anger"), abs=4 * error)


def test_features_are_zero_where_nothing_is_gained() -> None:
    refuse, take = features(View(load("ultimatum_responder"), 0, offer=250), Person(1, 1))
    assert refuse == (0, 0, 0, 0)
    assert take == (0.25, -0.5, 0, 0)
    assert Match(load("dictator"), None, "recipient", 0).view(0).chance() < 1
