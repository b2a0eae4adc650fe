"""What every recipe keeps to; a new file is picked up with nothing else to write."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from mien import recipes
from mien.errors import InputError
from mien.fusion.blend import Blend
from mien.recipes import table
from mien.recipes.plans import VGAF, Member, Part, Plan, Row, Stage
from mien.temporal import Step
from mien.temporal.bias import Bias
from mien.temporal.gate import Gate
from mien.temporal.verdict import Verdict
from mien.train import course, fit, result
from mien.train.data import Rows, Target
from mien.train.losses import LOSSES, class_weights
from mien.train.questions import named
from mien.train.recipe import Line, LossName, Recipe
from mien.train.tally import WEIGHTED_F1


def short(recipe: Recipe) -> Recipe:
    """The same recipe with one or two epochs: the twin is small, and what is tested is not how good it gets."""
    parts = []
    for part in recipe.parts:
        members = tuple(replace(m, plan=replace(m.plan, epochs=min(m.plan.epochs, 2))) for m in part.members)
        parts.append(replace(part, members=members))
    return replace(recipe, parts=tuple(parts))


@pytest.fixture(params=recipes.names(), scope="module")
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return short(recipes.named(request.param))


def test_it_runs_in_seconds_and_fit_never_receives_the_scored_split(
    recipe: Recipe, twin: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = twin[recipe.data]
    answers = course.train(recipe, folder, tmp_path, seed=0)
    scored = course.score(recipe, folder, answers)
    assert [line.name for line in scored.lines] == [row.name for row in recipe.rows]
    for line in scored.lines:
        assert math.isfinite(line.honest) and line.low <= line.high
        assert line.honest <= 3 and line.optimistic <= 3 and (line.crossed is None or line.crossed <= 3)
    _shuffle_scored_truth(recipe, monkeypatch)
    others = course.train(recipe, folder, tmp_path / "again", seed=0)
    for before, after in ((answers.tune, others.tune), (answers.score, others.score)):
        for key, values in before.items():  # no head learned, or was chosen at another epoch
            np.testing.assert_array_equal(values, after[key])
    assert course.score(recipe, folder, others).fitted == scored.fitted  # another truth there changes no fitted number


def _shuffle_scored_truth(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    read = course.data.read

    def shuffled(kind: str, folder: Path) -> dict[str, Rows]:
        splits = dict(read(kind, folder))
        rows = splits[recipe.scored]
        order = np.random.default_rng(0).permutation(len(rows))
        targets = {q: Target(t.values[order], t.known[order]) for q, t in rows.targets.items()}
        splits[recipe.scored] = replace(rows, targets=targets)
        return splits

    monkeypatch.setattr(course.data, "read", shuffled)


def test_the_claim_stands_in_the_papers_rows(recipe: Recipe) -> None:
    papers = [row.paper for row in recipe.rows if row.paper is not None]
    claim = recipe.claim
    assert not papers if claim is None else any(abs(claim - paper) < 0.002 for paper in papers)
    assert recipe.source and len({row.name for row in recipe.rows}) == len(recipe.rows)


def test_every_question_of_a_part_has_a_score_that_a_perfect_answer_reaches(recipe: Recipe) -> None:
    for part in recipe.parts:
        question = named(part.question)
        k, score = len(question.labels), question.score
        truth = np.tile(np.eye(k, dtype=np.float32), (3, 1))[:10]
        assert score.total(score.rows(truth, truth).sum(0)) == pytest.approx(1, abs=1e-12)


def test_a_row_of_unknown_stages_is_refused() -> None:
    with pytest.raises(InputError, match="asks for the stages smooth"):
        Recipe("t", "mtl", (Part("expression", (Member("a", Plan()),)),), (Row("x", ("smooth",)),), 1.0, "s")


@pytest.mark.parametrize(
    ("members", "stages", "told"),
    [
        ((Member("a", Plan()), Member("a", Plan(hidden=8))), (), "got a twice"),
        ((Member("a", Plan()), Member("b", Plan())), (Blend(), Gate()), "put its stage before"),
    ],
)
def test_a_part_that_cannot_be_told_apart_or_asked_is_refused(
    members: tuple[Member, ...], stages: tuple[Step | Blend, ...], told: str
) -> None:
    with pytest.raises(InputError, match=told):
        Part("expression", members, tuple(Stage(str(i), step) for i, step in enumerate(stages)))


def test_a_stage_for_a_member_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="for c only, the members are a, b"):
        Part("expression", (Member("a", Plan()), Member("x", Plan(), "b")), (Stage("gate", Gate(), only="c"),))


@pytest.mark.parametrize(("name", "got"), [("loss", "l1"), ("weights", "maen"), ("reads", "words"), ("kind", "lstm")])
def test_a_word_that_no_plan_knows_is_refused(name: str, got: str) -> None:
    with pytest.raises(InputError, match=rf"{name} must be one of .*, got '{got}'"):
        Plan(**{name: got})  # type: ignore[arg-type]


def test_a_question_that_the_data_do_not_answer_is_not_learned(twin: dict[str, Path], tmp_path: Path) -> None:
    recipe = recipes.named("abaw4_mtl")
    (part, *_), row = recipe.parts, Row("plain")
    with pytest.raises(InputError, match="no question of the data set mtl named 'lsd'"):
        course.material(replace(recipe, parts=(replace(part, question="lsd", stages=()),), rows=(row,)), twin["mtl"])
    shutil.copytree(twin["mtl"], tmp_path / "twin")
    path = tmp_path / "twin" / "training_set_annotations.txt"
    head, *lines = path.read_text().splitlines()
    blank = [f"{line.partition(',')[0]},-5,-5,-1{',-1' * 12}" for line in lines]
    path.write_text("\n".join([head, *blank]))
    with pytest.raises(InputError, match="needs rows whose truth is known, the videos to learn from have none"):
        course.material(recipe, tmp_path / "twin")


def test_a_file_of_answers_holds_nothing_else_with_any_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []
    monkeypatch.setattr(np, "savez", lambda file, **arrays: held.extend(arrays))  # before 2.2 it took arrays alone
    sheet = {("emi", "a"): np.zeros((2, 6), np.float32)}
    result.keep(course.Answers(sheet, sheet), tmp_path / "answers.npz")
    assert held == ["tools", "tune/emi/a", "score/emi/a"]


def test_a_pretrained_head_that_would_read_embeddings_as_logits_is_refused() -> None:
    with pytest.raises(InputError, match="got 'all'"):
        Plan(kind="pretrained")


def test_answers_to_other_rows_or_of_other_heads_are_not_scored(twin: dict[str, Path], tmp_path: Path) -> None:
    recipe = recipes.named("abaw6_va")
    answers = course.train(recipe, twin["affwild2-va"], tmp_path / "run", seed=0)
    cut = replace(answers, score={key: values[:-1] for key, values in answers.score.items()})
    for wrong in (cut, replace(answers, tune={})):
        with pytest.raises(InputError, match="wanted answers of ddamfn_mtl to"):
            course.score(recipe, twin["affwild2-va"], wrong)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut", b"garbage"], ids=["empty", "cut", "garbage"])
def test_a_damaged_file_of_answers_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "answers.npz").write_bytes(content)
    with pytest.raises(InputError, match="holds no answers"):
        result.kept(tmp_path / "answers.npz")


def test_features_that_saw_no_row_are_not_learned_from(twin: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(twin["affwild2-va"], tmp_path / "twin")
    seen = tmp_path / "twin" / "features" / "ddamfn_mtl" / "seen.bin"
    seen.write_bytes(bytes(seen.stat().st_size))
    with pytest.raises(InputError, match="ddamfn_mtl saw no row of the split train"):
        course.train(recipes.named("abaw6_va"), tmp_path / "twin", tmp_path / "run", seed=0)


def test_what_shows_the_same_people_is_tuned_on_or_learned_from() -> None:
    names = [f"Videos/{p}/Visite_1/{p}_Question_{q}.mp4" for p in range(20) for q in range(1, 8)]
    names += [f"film{i}_{side}" for i in range(20) for side in ("left", "right")]
    rows = Rows(tuple(names), np.arange(len(names)), np.zeros(len(names), np.int64))
    chosen = {names[i] for i in course.tuning(rows)}
    sides = [{name.split("_")[0].split("/")[-2:][0] for name in part} for part in (chosen, {*names} - chosen)]
    assert sides[0] and sides[1] and not sides[0] & sides[1]


@pytest.mark.parametrize("name", ["abaw3_mtl", "abaw3_va", "abaw5_va", "abaw6_emi", "abaw6_va"])
def test_the_l2_of_keras_is_twice_as_much_weight_decay(name: str) -> None:
    plans = [m.plan for part in recipes.named(name).parts for m in part.members]
    assert {plan.decay * plan.batch for plan in plans} == {2.0}  # the papers' L2 is 1 / batch


KERAS = (1.04, 5.46, 7.84, 7.96, 1.37, 3.27, 4.75, 1.0)
TORCH = (0.4726, 2.4875, 3.5766, 3.6293, 0.6248, 1.4891, 2.1673, 0.4559)


@pytest.mark.parametrize(("name", "published"), [("abaw4_mtl", KERAS), ("abaw7_mtl", KERAS), ("abaw11_mtl", TORCH)])
def test_expressions_weigh_what_the_paper_says(name: str, published: tuple[float, ...]) -> None:
    truth = np.eye(8, dtype=np.float32)[np.repeat(np.arange(8), np.round(1e4 / np.array(published)).astype(int))]
    (part,) = (p for p in recipes.named(name).parts if p.question == "expression")
    for member in part.members:  # the published ones are rounded to two digits
        np.testing.assert_allclose(class_weights(truth, member.plan.weights), published, rtol=5e-3)


def test_steps_and_features_are_those_of_the_paper() -> None:
    (part,) = recipes.named("abaw10_expr").parts
    assert [stage.name for stage in part.stages] == ["bias", "gate", "smoothing", "blend"]
    assert {m.features for m in recipes.named("abaw5_au").parts[0].members} == {VGAF}  # its eight logits are searched
    assert {m.plan.weights for m in recipes.named("abaw10_violence").parts[0].members} == {"raised"}


def test_what_a_recipe_fits_is_what_it_is_scored_by() -> None:
    for name in recipes.names():
        for part in recipes.named(name).parts:
            for step in (s.step for s in part.stages if isinstance(s.step, Bias | Verdict)):
                assert step.weighted == (named(part.question).score is WEIGHTED_F1), name


def test_an_unknown_recipe_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'abaw7_mtl'"):
        recipes.named("abaw7mtl")


def test_a_killed_training_resumes_to_the_last_digit_and_other_data_is_refused(
    twin: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipes.named("abaw4_mtl")
    whole = course.train(recipe, twin["mtl"], tmp_path / "whole", seed=1)
    keep, kept = fit._Run.keep, [0]

    def killed(run: fit._Run, epoch: int, scores: list[float]) -> None:
        keep(run, epoch, scores)
        kept[0] += 1
        if kept[0] == 14:  # in the middle of the second head
            raise KeyboardInterrupt

    monkeypatch.setattr(fit._Run, "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        course.train(recipe, twin["mtl"], tmp_path / "cut", seed=1)
    monkeypatch.setattr(fit._Run, "keep", keep)
    again = course.train(recipe, twin["mtl"], tmp_path / "cut", seed=1)
    for key, values in whole.score.items():
        np.testing.assert_array_equal(again.score[key], values)
    lines = [course.score(recipe, twin["mtl"], answers).lines for answers in (whole, again)]
    assert lines[0] == lines[1]
    with pytest.raises(InputError, match="holds heads of another"):
        course.train(recipe, twin["mtl"], tmp_path / "cut", seed=2)


def test_the_table_holds_every_row_and_says_what_moved_the_other_way(tmp_path: Path) -> None:
    recipe = recipes.named("abaw4_mtl")
    lines = tuple(
        Line(row.name, honest, 0.9, 1.4, honest + 0.1, row.paper, crossed=honest + 0.05)
        for row, honest in zip(recipe.rows, (1.3, 1.2), strict=True)
    )
    sums = tuple(np.ones((4, n)) for n in (64, 11, 36))
    run = course.Scored(lines, (), (sums, sums), "0")
    result.write(tmp_path / "abaw4_mtl.json", recipe, {0: run, 1: run}, "a twin", 1.0)
    page = table.markdown(tmp_path)
    assert "| plain | 1.3000 ± 0.0000 | 0.9000–1.4000 |  |  | 1.3500 | 1.4000 | 1.2765 |" in page
    assert "| + thresholds | 1.2000 ± 0.0000 | 0.9000–1.4000 | +0.0000 | 1.000 | 1.2500 | 1.3000 | 1.3040 |" in page
    assert "- + thresholds: +0.0275 in the paper, -0.1000 here" in page
    assert "`abaw3_expr`" in page.split("Not run yet")[1]
    (tmp_path / "abaw4_mtl.json").write_text("{}")
    with pytest.raises(InputError, match="is no result of a recipe"):
        table.markdown(tmp_path)


@pytest.mark.parametrize(
    ("name", "bases"),
    [("abaw7_mtl", [0, 0, 1, 0, 2]), ("abaw3_expr", [0, 0, 0, 0]), ("abaw10_violence", [0, 0, 0, 0])],
)
def test_a_row_builds_on_the_fullest_one_above_whose_steps_it_keeps(name: str, bases: list[int]) -> None:
    recipe = recipes.named(name)
    assert [recipe.base(i) for i in range(len(recipe.rows))] == bases


def test_seeds_of_the_same_data_swap_the_same_videos_and_count_no_more_than_one() -> None:
    draw, recipe = np.random.default_rng(0), recipes.named("abaw3_expr")
    one, other = (draw.random((9, 64)) for _ in range(2))
    pair = ((one,), (other,), "ab12")
    assert course.compared(recipe, [pair]) == course.compared(recipe, [pair] * 5)
    better = other + 5 * np.eye(8).ravel()
    again = [((better,), (other,), f"{seed:x}") for seed in range(5)]
    gains = [course.compared(recipe, pairs) for pairs in ([again[0]], again)]
    assert gains[0][0] == pytest.approx(gains[1][0]) and gains[1][1] < gains[0][1] < 0.05  # other videos add to it


def test_listing_the_recipes_loads_no_torch() -> None:
    listing = "from mien import recipes; [recipes.named(n) for n in recipes.names()]"
    code = f"import sys; {listing}; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


def test_every_loss_of_a_plan_is_there() -> None:
    assert set(get_args(LossName)) == set(LOSSES)
