"""The steps across a domain shift, on people whose shift was made up."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from mien.labels import EXPRESSIONS
from mien.link import softmax
from mien.recipes import shift
from mien.recipes.shift import Answered, People
from mien.types import Floats, Signal

NEUTRAL, HAPPINESS = shift.PLACES


def faces(shifted: float, seed: int, count: int = 600) -> Answered:
    """Faces of 60 persons, neutral or happy; the network says neutral too seldom by `shifted` nats, a feature knows."""
    draw = np.random.default_rng(seed)
    label = np.where(draw.random(count) < 0.5, NEUTRAL, HAPPINESS)
    logits = draw.normal(size=(count, 8)) - 4.0
    logits[:, [NEUTRAL, HAPPINESS]] += 4.0
    logits[np.arange(count), label] += 2.0
    logits[:, NEUTRAL] -= shifted
    persons = np.array([f"p{i}" for i in draw.integers(0, 60, count)])
    features = np.stack(
        [np.where(label == HAPPINESS, 1.0, -1.0) + 0.1 * draw.normal(size=count), draw.normal(size=count)], 1
    )
    return Answered(persons, label, softmax(logits.astype(np.float32)), features.astype(np.float32))


@pytest.fixture(scope="module")
def people() -> tuple[People, People]:
    """FER+ without a shift, LFW with one."""
    head = shift.learned(faces(3.0, 1))
    return faces(0.0, 2).people(head, shift.PLACES), faces(3.0, 3).people(head, shift.PLACES)


def pooled(signals: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(signals).argmax(1)


def test_sums_of_people_score_as_scikit_learn_with_all_eight_answers_allowed(people: tuple[People, People]) -> None:
    lfw = people[1]
    truth, guess = pooled([t.values for t in lfw.truth]), pooled([s.values for s in lfw.network])
    guess[::7] = EXPRESSIONS.index("fear")
    cut = np.cumsum([len(s) for s in lfw.truth])[:-1]
    named: list[Floats] = np.split(np.eye(8, dtype=np.float32)[guess], cut)
    again = [type(s)(s.times, v, s.seen, s.labels) for s, v in zip(lfw.truth, named, strict=True)]
    wanted = f1_score(truth, guess, labels=shift.PLACES, average="macro")
    assert shift.MEAN_F1.total(shift.sums(again, lfw.truth).sum(0)) == pytest.approx(wanted)


def test_a_bias_fitted_on_others_of_the_same_domain_undoes_the_shift_and_one_from_elsewhere_does_not(
    people: tuple[People, People],
) -> None:
    found = {str(row["name"]): row for row in shift.compared(*people)}
    plain, elsewhere = found["network"], found["network + bias, fitted on FER+"]
    others = found["network + bias, fitted on other LFW people"]
    best = found["network + bias, fitted on the same faces (optimistic)"]
    assert others["mean_f1"] > plain["mean_f1"] + 0.1 > elsewhere["mean_f1"] + 0.05
    assert best["mean_f1"] >= others["mean_f1"] and others["chance"] < 0.01 and plain["low"] < plain["mean_f1"]
    assert others["gain"] == pytest.approx(others["mean_f1"] - plain["mean_f1"], abs=2e-4)
    assert found["head on LFW"]["mean_f1"] > 0.95


def test_a_gate_to_a_network_that_is_wrong_here_is_shut_by_others_of_the_same_domain(
    people: tuple[People, People],
) -> None:
    lfw = people[1]
    kept = shift.head_gate(lfw)(lfw)
    table = shift.sums(kept, lfw.truth), shift.sums(lfw.head, lfw.truth)
    assert shift.MEAN_F1.total(table[0].sum(0)) >= shift.MEAN_F1.total(table[1].sum(0))


def test_what_is_fitted_on_other_people_never_sees_the_person_it_is_used_on(people: tuple[People, People]) -> None:
    lfw, shown = people[1], []

    def fit(some: People) -> shift.Use:
        def use(at: People) -> list[Signal]:
            assert not set(some.names) & set(at.names) and len(some.names) + len(at.names) == len(lfw.names)
            shown.extend(at.names)
            return list(at.network)

        return use

    got = shift.crossed_over(fit, lfw)
    assert sorted(shown) == sorted(lfw.names) and all(a is b for a, b in zip(got, lfw.network, strict=True))


def test_unusable_labels_are_neither_fitted_nor_scored() -> None:
    some = faces(0.0, 4)
    label = some.label.copy()
    label[::3] = EXPRESSIONS.index("anger")
    thin = Answered(some.persons, label, some.network, some.features)
    one = thin.people(lambda f: some.network, shift.PLACES)
    assert sum(int(t.seen.sum()) for t in one.truth) == int((label != EXPRESSIONS.index("anger")).sum())
    assert shift.sums(one.network, one.truth)[:, [0, 1, 4, 5]].sum() == one_count(label)


def one_count(label: np.ndarray) -> int:
    """Hits and misses of the two usable classes: every face that counts is one of either."""
    return int(np.isin(label, shift.PLACES).sum())


def test_faces_are_put_to_their_persons_in_their_order() -> None:
    made = Answered(
        np.array(["b", "a", "b"]), np.array([0, 1, 0]), np.eye(8, dtype=np.float32)[:3], np.zeros((3, 1), np.float32)
    )
    got = made.people(lambda f: np.zeros((3, 8), np.float32), [0])
    assert got.names == ("a", "b") and [len(s) for s in got.network] == [1, 2]
    assert got.network[1].values.argmax(1).tolist() == [0, 2]
    assert [t.seen.tolist() for t in got.truth] == [[False], [True, True]]
    assert got.pick(np.array([1])).names == ("b",)
