"""Splits that hold, targets that say what the files say."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mien.errors import InputError
from mien.heads import ACTION_UNITS
from mien.train import evaluate, london, sources
from mien.types import Faces, Frame, Reading


def picture(seed: int, side: int = 48) -> bytes:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (6, 6), np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    small.convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    """Forty FER+ rows; row 5 of the training part is the mirror of a validation face, row 6 is mostly 'unknown'."""
    n = 40
    rng = np.random.default_rng(0)
    table = {name: rng.integers(0, 4, n) for name in ("neutral", "surprise", "sadness", "anger", "disgust", "fear")}
    table |= {
        "happiness": np.full(n, 6),
        "contempt": np.zeros(n, int),
        "unknown": np.zeros(n, int),
        "NF": np.zeros(n, int),
    }
    table["unknown"][6], table["happiness"][6] = 9, 1
    images = [picture(i) for i in range(n)]
    flipped = io.BytesIO()
    Image.open(io.BytesIO(images[30])).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(flipped, "PNG")
    images[5] = flipped.getvalue()
    split = ["train"] * 25 + ["valid"] * 15
    rows = {"name": [f"f{i}.png" for i in range(n)], "split": split, "image": images, **table}
    pq.write_table(pa.table(rows), tmp_path / "ferplus.parquet")
    return tmp_path


def test_parts_of_ferplus_share_no_face_and_no_near_copy(votes: Path) -> None:
    train, calibrate, valid = sources.ferplus(votes)
    names = [set(p.names) for p in (train, calibrate, valid)]
    assert not (names[0] & names[1] or names[0] & names[2] or names[1] & names[2])
    assert "f5.png" not in names[0], "the mirror of a validation face is no training face"
    assert "f6.png" not in names[0], "mostly unknown votes teach nothing"
    assert len(train) == 23


def test_soft_labels_are_votes_without_single_ones(votes: Path) -> None:
    train = sources.ferplus(votes)[0]
    soft = train.targets["expression"]
    np.testing.assert_allclose(soft.sum(1), 1, atol=1e-6)
    kept = np.where(train.targets["votes"] > 1, train.targets["votes"], 0)
    np.testing.assert_allclose(soft, kept / kept.sum(1, keepdims=True), atol=1e-6)


def test_the_held_out_share_depends_on_the_name_alone() -> None:
    names = np.array([f"person{i}" for i in range(4000)])
    out = sources.held_out(names, 0.25)
    assert abs(out.mean() - 0.25) < 0.03
    some = np.random.default_rng(0).permutation(4000)[:500]
    assert np.array_equal(sources.held_out(names[some], 0.25), out[some])


def test_a_missing_data_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"wanted the data file .*ferplus\.parquet"):
        sources.ferplus(tmp_path)


def test_pairs_are_of_one_person_as_often_as_of_two() -> None:
    persons = np.array([f"p{i % 30}" for i in range(100)])
    places, same = evaluate.pairs(persons, 200, seed=0)
    truth = persons[places[:, 0]] == persons[places[:, 1]]
    assert np.array_equal(truth, same) and same.sum() == 200 and (places[:, 0] != places[:, 1]).all()


def test_perfect_vectors_verify_perfectly_and_random_ones_do_not() -> None:
    persons = np.array([f"p{i % 40}" for i in range(200)])
    eye = np.eye(40, dtype=np.float32)[[int(p[1:]) for p in persons]]
    noise = np.random.default_rng(0).normal(size=(200, 40)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    assert evaluate.verification(eye, persons)["accuracy"] == 1.0
    low = evaluate.verification(noise, persons)["accuracy"]
    assert isinstance(low, float) and low < 0.6


def test_smiles_are_compared_within_people_found_in_both_photos() -> None:
    def seen(name: str, smiling: bool, unit: float | None) -> tuple[london.Photo, Faces]:
        faces = Faces.none(Frame(np.zeros((4, 4, 3), np.uint8)))
        if unit is not None:
            faces = Faces(
                faces.frame, np.ones((1, 4), np.float32), np.ones((1, 5, 2), np.float32), np.ones(1, np.float32)
            )
            values = np.zeros((1, len(ACTION_UNITS.labels)), np.float32)
            values[0, ACTION_UNITS.labels.index("AU12")] = unit
            faces = faces.with_reading(ACTION_UNITS, Reading(values, ACTION_UNITS.labels))
        return london.Photo(Path(f"{name}.jpg"), smiling, 30.0, "", ""), faces

    rows = [seen("001", False, 0.4), seen("002", False, 0.1), seen("003", False, 0.2), seen("004", False, None)]
    rows += [seen("001", True, 0.5), seen("002", True, 0.05), seen("003", True, 0.3), seen("004", True, 0.9)]
    assert evaluate.within(rows) == {"people": 3, "share": 0.6667}


def test_smiles_are_scored_on_people_never_trained_on_whose_label_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = ["happiness", "neutral", "surprise", None]
    rows = [(f"p{i}", f"p{i}_{k}", label) for i in range(40) for k, label in enumerate(labels)]
    columns = {key: [row[k] for row in rows] for k, key in enumerate(("person", "name", "emotion"))}
    pq.write_table(pa.table({**columns, "image": [picture(0)] * len(rows)}), tmp_path / "lfw_crops.parquet")
    _, valid = sources.lfw(tmp_path)
    wanted = {n for n in valid.names.tolist() if n.endswith(("_0", "_1"))}
    asked = list[str]()

    def kept(path: Path, names: np.ndarray) -> np.ndarray:
        asked.extend(names.tolist())
        return names

    def answered(net: object, names: np.ndarray) -> dict[object, Reading]:
        values = np.zeros((len(names), len(ACTION_UNITS.labels)), np.float32)
        values[:, ACTION_UNITS.labels.index("AU12")] = [n.endswith("_0") for n in names.tolist()]
        return {ACTION_UNITS: Reading(values, ACTION_UNITS.labels)}

    monkeypatch.setattr(evaluate, "encoded", kept)
    monkeypatch.setattr(evaluate, "answers", answered)
    found = evaluate.smiles(None, tmp_path)  # type: ignore[arg-type]
    assert found == {"faces": len(wanted), "auc": 1.0} and set(asked) == wanted
