from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads import ACTION_UNITS, AGE, ETHNICITY, EXPRESSION, GENDER, IDENTITY, POSE, QUALITY, VALENCE_AROUSAL
from mien.io import table
from mien.io.table import Layout
from mien.types import Faces, Frame, Head, Labels, Reading

ALL = (IDENTITY, GENDER, AGE, ETHNICITY, ACTION_UNITS, VALENCE_AROUSAL, POSE, EXPRESSION, QUALITY)
COLUMNS = (
    "source frame time face person x y w h score p0x p0y p1x p1y p2x p2y p3x p3y p4x p4y size blur expression "
    "expression_neutral expression_happiness expression_sadness expression_surprise expression_fear expression_disgust "
    "expression_anger expression_contempt valence arousal AU01 AU02 AU04 AU06 AU07 AU10 AU12 AU15 AU23 AU24 AU25 AU26 "
    f"{' '.join(POSE.labels)} age gender gender_female gender_male ethnicity "
    "ethnicity_white ethnicity_black ethnicity_asian ethnicity_indian ethnicity_other"
).split()


def faces(n: int, heads: tuple[Head, ...] = ALL, source: str = "a.jpg", index: int = 0) -> Faces:
    draw = np.random.default_rng(n + index)
    points = draw.random((n, 5, 2)).astype(np.float32)
    out = Faces(
        Frame(np.zeros((9, 9, 3), np.uint8), index / 4, index, source),
        draw.random((n, 4)).astype(np.float32),
        points,
        np.full(n, 0.75, np.float32),
    )
    for head in heads:
        out = out.with_reading(head, Reading(draw.random((n, len(head.labels))).astype(np.float32), head.labels))
    return out


def written(form: table.Format, *seen: Faces) -> str:
    made, stream = table.of(seen), io.StringIO()
    with table.opened(stream, form, made.columns) as write:
        for row in made:
            write(row)
    return stream.getvalue()


def test_the_columns_keep_their_names_and_order() -> None:
    assert list(table.of([faces(1)]).columns) == COLUMNS
    assert list(table.of([faces(1, tuple(reversed(ALL)))]).columns) == COLUMNS


def test_the_documentation_names_every_column(root: Path) -> None:
    text = (root / "docs" / "tables.md").read_text()
    for name in COLUMNS:
        stem = name.split("_")[0] if name.startswith(("expression_", "gender_", "ethnicity_")) else name
        assert f"`{name}`" in text or f"`{stem}_<name>`" in text or (name[0] == "p" and name[1].isdigit()), name


def test_a_row_holds_what_the_faces_hold() -> None:
    seen = faces(2)
    rows = list(table.of([seen]))
    for face, row in zip(seen, rows, strict=True):
        assert row["face"] == face.index
        assert (row["x"], row["y"], row["w"], row["h"]) == pytest.approx(face.box, rel=1e-5)
        assert row["p3y"] == pytest.approx(face.points[3, 1], rel=1e-5)
        assert row["expression"] == face[EXPRESSION].top()
        assert row["gender"] == face[GENDER].top()
        assert row["AU12"] == pytest.approx(float(face[ACTION_UNITS]["AU12"]), rel=1e-5)
        assert row["expression_fear"] == pytest.approx(float(face[EXPRESSION]["fear"]), rel=1e-5)
        assert row["age"] == pytest.approx(float(face[AGE]["age"]), rel=1e-5)
        assert row["person"] is None


def test_a_photo_without_a_face_has_one_empty_row() -> None:
    (row,) = table.of([faces(0)])
    assert (row["source"], row["frame"], row["face"], row["AU01"]) == ("a.jpg", 0, None, None)


def test_what_some_photos_were_not_asked_is_empty_in_their_rows() -> None:
    asked, other = table.of([faces(1, (EXPRESSION, AGE)), faces(1, (QUALITY,))])
    assert asked["blur"] is None and None not in (asked["age"], asked["expression"], asked["expression_anger"])
    assert other["blur"] is not None and {other["age"], other["expression"], other["expression_anger"]} == {None}


def test_a_head_nobody_knew_of_gets_columns_at_the_end() -> None:
    new = Head("masks", Labels("masks", ("on", "off")), lambda raw: raw, 2, is_class=True)
    columns = table.of([faces(1, (*ALL, new))]).columns
    assert list(columns) == [*COLUMNS, "masks", "masks_on", "masks_off"]


def test_csv_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", faces(2), faces(0, index=1)))))
    assert len(rows) == 3
    assert list(rows[0]) == COLUMNS
    assert float(rows[1]["score"]) == 0.75
    assert rows[2]["face"] == rows[2]["valence"] == ""


def test_json_lines_read_back_with_null_for_empty() -> None:
    rows = [json.loads(line) for line in written("jsonl", faces(1), faces(0, index=1)).splitlines()]
    assert list(rows[0]) == COLUMNS
    assert rows[1]["x"] is None


def test_numbers_that_are_none_are_empty_never_nan() -> None:
    seen = faces(1)
    seen.points[:] = np.nan
    assert '"p0x": null' in written("jsonl", seen)
    assert "nan" not in written("csv", seen).lower()


@pytest.mark.parametrize("form", ["csv", "jsonl", "openface", "fex"])
def test_hostile_names_of_files_stay_in_their_cell(form: table.Format) -> None:
    name = 'a,"b"\n<script>\udcff.jpg'
    text = written(form, faces(1, source=name)).encode("utf-8", "backslashreplace").decode()
    if form == "jsonl":
        assert json.loads(text)["source"] == name
    else:
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == 1
        assert rows[0].get("source", rows[0].get("input", "<script>")).find("<script>") >= 0


@pytest.mark.parametrize("form", ["csv", "fex"])
def test_a_file_name_breaks_no_row_and_is_no_formula(form: table.Format) -> None:
    for name, cell in (("a\rb.jpg", "a\\rb.jpg"), ("=1+1.jpg", "./=1+1.jpg"), ("-1.jpg", "./-1.jpg")):
        (row,) = csv.DictReader(io.StringIO(written(form, faces(1, source=name)), newline=""))
        assert (row.get("source") or row["input"]) == cell


def test_a_frame_that_was_not_looked_at_has_its_row_among_others() -> None:
    seen, blank = faces(1), Faces.none(Frame(np.zeros((9, 9, 3), np.uint8), 0.25, 1, "a.jpg"))
    assert [row["face"] for row in table.of([seen, blank])] == [0, None]


def test_a_file_name_that_is_no_text_can_be_written(tmp_path: Path) -> None:
    table.of([faces(1, source="\udcff.jpg")]).write(tmp_path / "t.csv")
    assert "\\udcff.jpg" in (tmp_path / "t.csv").read_text()


def test_a_file_name_that_is_no_text_is_escaped_in_parquet_pandas_and_arrow(tmp_path: Path) -> None:
    parquet, made = pytest.importorskip("pyarrow.parquet"), table.of([faces(1, source="\udcff.jpg")])
    made.write(tmp_path / "t.parquet", "parquet")
    for back in (parquet.read_table(tmp_path / "t.parquet").to_pylist()[0], made.arrow().to_pylist()[0]):
        assert back["source"] == "\\udcff.jpg"
    assert made.pandas()["source"].tolist() == ["\\udcff.jpg"]


def test_parquet_reads_back_with_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table.of([faces(2), faces(0, index=1)]).write(tmp_path / "t.parquet", "parquet")
    back = parquet.read_table(tmp_path / "t.parquet")
    assert back.column_names == COLUMNS
    assert str(back.schema.field("face").type) == "int64"
    assert str(back.schema.field("expression").type) == "string"
    assert back["face"].to_pylist() == [0, 1, None]
    assert back["valence"].to_pylist()[2] is None


def test_pandas_and_arrow_hold_the_same_rows() -> None:
    pytest.importorskip("pandas")
    made = table.of([faces(2), faces(0, index=1)])
    frame, arrow = made.pandas(), made.arrow()
    assert list(frame.columns) == arrow.column_names == COLUMNS
    assert str(frame["frame"].dtype) == "Int64"
    assert frame["AU12"].iloc[:2].tolist() == arrow["AU12"].to_pylist()[:2]
    assert frame["face"].isna().tolist() == [False, False, True]


def test_an_empty_table_has_columns() -> None:
    pytest.importorskip("pandas")
    assert len(table.of([]).pandas()) == 0
    assert written("csv").startswith("source,frame,time")


def test_openface_names_hold_only_what_can_be_told() -> None:
    seen = faces(1)
    rows = list(csv.DictReader(io.StringIO(written("openface", seen, faces(0, index=1)))))
    assert list(rows[0])[:5] == ["frame", "face_id", "timestamp", "confidence", "success"]
    assert "AU24_c" not in rows[0]  # OpenFace has no such unit
    assert not [c for c in rows[0] if c.endswith("_r")]  # we tell presence, not intensity
    assert rows[0]["AU12_c"] == str(int(seen[ACTION_UNITS]["AU12"][0] > 0.5))
    assert (rows[0]["frame"], rows[1]["frame"]) == ("1", "2")
    assert (rows[0]["success"], rows[1]["success"], rows[1]["confidence"]) == ("1", "0", "0.0")


def test_fex_names_are_those_of_py_feat() -> None:
    seen = faces(1)
    (row,) = csv.DictReader(io.StringIO(written("fex", seen)))
    assert float(row["FaceRectWidth"]) == pytest.approx(float(seen.boxes[0, 2]), rel=1e-5)
    assert float(row["happiness"]) == pytest.approx(float(seen[EXPRESSION]["happiness"][0]), rel=1e-5)
    assert {"FaceRectX", "FaceRectY", "FaceRectHeight", "FaceScore", "anger", "neutral", "AU12", "frame"} <= set(row)
    assert row["input"] == "a.jpg"
    assert "contempt" not in row


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(InputError, match="did you mean 'csv'"):
        written("cvs", faces(1))  # type: ignore[arg-type]


def test_a_file_is_not_named_as_another_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"named \.parquet, but its format is csv; say write\(path, 'parquet'\)"):
        table.of([faces(1)]).write(tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")

    def broken():
        yield next(iter(table.of([faces(1)])))
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match=r"writing .*t\.csv failed: No space left on device; free some space"):
        table.Table(Layout.of(ALL).columns, broken).write(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


def test_a_missing_package_names_its_extra(monkeypatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"mien\[tables\]"):
        table.of([faces(1)]).write(tmp_path / "t.parquet", "parquet")
