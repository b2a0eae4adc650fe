from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from mien.errors import InputError
from mien.lab.lm import papers, plot, report
from mien.lab.lm.compress import TRAINED, compress, parse
from mien.lab.lm.corpus import Corpus
from mien.lab.lm.export import export
from mien.lab.lm.loss import perplexity
from mien.lab.lm.models import Shape, build
from mien.lab.lm.recipes import RECIPES, recipe
from mien.lab.lm.storage import Made, Saved, save


@pytest.fixture
def small(text: Corpus) -> Saved:
    model = build(Shape("lstm", (10, 12), len(text.vocabulary)), 3)
    return Saved(model, text.vocabulary, Made("lstm200", 3, text.digest, 1.5))


def test_pruned_and_shared_weights_do_not_count(small: Saved, text: Corpus) -> None:
    full = report.count(small.model)
    assert full == sum(weight.numel() for weight in small.model.parameters())
    matrices = sum(weight.numel() for weight in small.model.parameters() if weight.dim() > 1)
    pruned = compress(small.model, parse("prune(0.5)"), text.train, lambda given, step: given)
    assert report.count(pruned) == pytest.approx(full - matrices / 2, abs=10)
    assert report.count(build(Shape("rnn", (5, 5), 9, tied=True))) == 9 * 5 + 9 + 2 * 5 * 11


def test_a_score_holds_the_numbers_and_where_they_come_from(small: Saved, text: Corpus, tmp_path: Path) -> None:
    size = save(tmp_path / "a.mlm", small)
    one = report.score(tmp_path / "a.mlm", text)
    assert one.bytes == size
    assert one.parameters * 4 <= size
    assert (one.recipe, one.seed, one.train_seconds, one.origin.data) == ("lstm200", 3, 1.5, text.digest)
    assert 1 < one.test < 100
    assert one.origin.machine and one.origin.commit


def test_another_texts_model_is_not_scored(small: Saved, text: Corpus, tmp_path: Path) -> None:
    save(tmp_path / "a.mlm", small)
    other = replace(text, vocabulary=replace(text.vocabulary, words=(*text.vocabulary.words, "dragon")))
    with pytest.raises(InputError, match="score the model on the text it was trained on"):
        report.score(tmp_path / "a.mlm", other)


def test_another_texts_model_is_not_paced(small: Saved, text: Corpus, tmp_path: Path) -> None:
    export(small, tmp_path / "a.onnx")
    other = replace(text, vocabulary=replace(text.vocabulary, words=text.vocabulary.words[::-1]))
    with pytest.raises(InputError, match="on the text it was trained on"):
        report.pace([tmp_path / "a.onnx"], other, rounds=2, words=2)


@pytest.mark.parametrize("content", ["{", '{"test": 1}', "3"])
def test_a_result_that_is_none_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "lm_a.json").write_text(content)
    with pytest.raises(InputError, match=r"lm_a\.json is no score"):
        report.page(tmp_path)


def test_files_are_paced_side_by_side(text: Corpus, tmp_path: Path) -> None:
    small_model, large_model = (build(Shape("lstm", (size,), len(text.vocabulary)), 1) for size in (8, 800))
    for name, model in (("small", small_model), ("large", large_model)):
        export(Saved(model, text.vocabulary, Made(name, 1, "", 0)), tmp_path / f"{name}.onnx")
    brief = replace(text, test=text.test[:40])
    paces = report.pace([tmp_path / "small.onnx", tmp_path / "large.onnx"], brief, rounds=5, words=10)
    small, large = paces.paces
    assert (small.name, large.name) == ("small", "large")
    assert small.lower <= small.median <= small.upper
    assert small.median < large.median
    assert large.memory > large.bytes / 1e6 > 20 > small.memory
    assert small.test == pytest.approx(perplexity(small_model, brief.test, text.vocabulary), rel=1e-4)


def test_the_table_has_our_row_beside_the_published_one(small: Saved, text: Corpus, tmp_path: Path) -> None:
    save(tmp_path / "a.mlm", small)
    one = report.score(tmp_path / "a.mlm", text)
    report.write(one, tmp_path / "lm_lstm200.json")
    export(small, tmp_path / "lstm200.int8.onnx", int8=True)
    brief = replace(text, test=text.test[:20])
    report.write(report.pace([tmp_path / "lstm200.int8.onnx"], brief, 3, 5), tmp_path / "lm_pace.json")
    (row,) = [line for line in report.table(tmp_path).splitlines() if line.startswith("| lstm200 ")]
    cells = [cell.strip() for cell in row.split("|")]
    assert f"{one.test:.2f}" in cells
    assert "117.659" in cells
    fast = json.loads((tmp_path / "lm_pace.json").read_text())["paces"][0]["median"]
    assert f"{fast:.3f}" in cells
    assert f"| `lstm200.int8.onnx` | {fast:.4f} |" in report.page(tmp_path)
    report.picture(tmp_path, tmp_path / "a.svg")
    assert ">lstm200<" in (tmp_path / "a.svg").read_text()
    assert {"4.652", "yes"} <= set(cells)  # the published row follows our rule


def test_every_published_row_is_in_the_table_once_or_beside_ours(small: Saved, text: Corpus, tmp_path: Path) -> None:
    save(tmp_path / "a.mlm", small)
    report.write(report.score(tmp_path / "a.mlm", text), tmp_path / "lm_lstm200.json")
    lines = report.table(tmp_path).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    for one in papers.PUBLISHED:
        assert sum(f"| {one.row} |" in line for line in lines) == 1


def test_the_rule_by_formula_counts_what_the_models_hold() -> None:
    for kind in ("rnn", "gru", "lstm"):
        assert papers.dense(6, kind) == report.count(build(Shape(kind, (6, 6), papers.WORDS)))
    model, text = build(Shape("lstm", (6, 6), papers.WORDS)), torch.zeros(0, dtype=torch.long)
    for steps, counted in (
        ("lowrank(2)", papers.shared(6, 2)),
        ("lowrank(2, output)", papers.paired(6, 2)),
        ("prune(0.9)", papers.pruned(6, 0.9)),
    ):
        small = compress(model, parse(steps), text, lambda given, step: given)
        assert report.count(small) == pytest.approx(counted, abs=3)


def test_rows_agree_only_where_they_count_as_we_do() -> None:
    agreeing = {one.row for one in papers.PUBLISHED if one.agrees}
    assert {"LSTM 200-200", "LSTM 1500-1500", "output LR 200"} <= agreeing
    assert not {"LR 200-200", "LR 300-300", "LR 500-500", "RNN 650-650", "TT 600-600"} & agreeing


def test_names_in_the_picture_cover_nothing_even_where_dots_crowd() -> None:
    figure = Figure(figsize=(6, 5))
    axes = figure.subplots()
    dots = [plot.Dot(f"model-{place}", 1 + place / 30, 1 + place % 3 / 50, "C0") for place in range(12)]
    for dot in dots:
        axes.plot(dot.x, dot.y, "o")
    figure.draw_without_rendering()
    plot.name(axes, dots)
    boxes = [one.get_window_extent() for one in axes.texts if one.get_text()]
    marks = axes.transData.transform([(dot.x, dot.y) for dot in dots])
    assert len(boxes) == 12
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert not any(box.contains(*mark) for box in boxes for mark in marks)


def test_a_folder_without_scores_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mien lab lm score"):
        report.table(tmp_path)


def test_every_recipe_can_be_followed_on_paper() -> None:
    names = [one.name for one in RECIPES]
    assert len(set(names)) == len(names)
    for one in RECIPES:
        steps = parse(one.steps) if one.steps else ()
        assert bool(one.stages) == (not one.of or any(step.name in TRAINED for step in steps))
        assert not one.of or one.of in names
        assert not one.paper or one.paper in {row.row for row in papers.PUBLISHED}
    with pytest.raises(InputError, match="did you mean 'lstm200'"):
        recipe("lstm20")


def test_random_weights_guess_no_better_than_chance(small: Saved, text: Corpus, tmp_path: Path) -> None:
    torch.nn.init.zeros_(small.model.output.weight)
    torch.nn.init.zeros_(small.model.output.bias)
    save(tmp_path / "a.mlm", small)
    assert report.score(tmp_path / "a.mlm", text).test == pytest.approx(len(text.vocabulary), rel=1e-3)
