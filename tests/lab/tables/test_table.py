"""Tables and sentences as people write them, bad ones too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mien.errors import InputError, Unreadable
from mien.lab.tables.learner import moment
from mien.lab.tables.profile import profile
from mien.lab.tables.table import read
from mien.lab.tables.task import understand


def kept(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def numbers(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"Height": rng.normal(size=n).round(4), "Survived": rng.integers(0, 2, n)})
    return frame.astype(str)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("a,b\n", "no rows"),
        (b"PK\0\0\1\2", "zero bytes"),
        ("a,b\n1,2\n1,2,3\n", "no table"),
        ('a,"b\n' + "1,2\n" * 40_000, "quote left open"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_reason(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read(kept(tmp_path, text))


@pytest.mark.filterwarnings("default")  # as outside of tests, where a warning stops nothing
def test_rows_of_more_values_than_there_are_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no table"):
        read(kept(tmp_path, "a,b\n1,2,3\n4,5,6\n"))
    assert read(kept(tmp_path, "a,b\n1,2,\n4,5,\n")).frame["b"].tolist() == ["2", "5"]


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_line_ends_of_other_systems_are_one(tmp_path: Path, end: str) -> None:
    table = read(kept(tmp_path, f'  {end}a,b{end}1,"x{end}y"{end}2,z{end}'))
    assert table.frame.to_dict("list") == {"a": ["1", "2"], "b": ["x\ny", "z"]}


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters_are_found(tmp_path: Path, mark: str) -> None:
    rows = "\n".join(mark.join((str(i), f'"x{mark}y"', "z")) for i in range(5))
    table = read(kept(tmp_path, f"a{mark}b{mark}c\n{rows}\n"))
    assert list(table.frame.columns) == ["a", "b", "c"]
    assert set(table.frame["b"]) == {f"x{mark}y"}


def test_a_semicolon_file_with_decimal_commas_gives_numbers(tmp_path: Path) -> None:
    table = read(kept(tmp_path, "a;b\n1,5;x\n-2,25;y,z\n3;w\n"))
    assert list(table.frame["a"].astype(float)) == [1.5, -2.25, 3.0]
    assert table.frame["b"][1] == "y,z"
    assert any("decimal commas" in note for note in table.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found(tmp_path: Path, encoding: str) -> None:
    table = read(kept(tmp_path, "größe,ort\n1,Köln\n2,Łódź\n".replace("Łódź", "Mün").encode(encoding)))
    assert list(table.frame.columns) == ["größe", "ort"]
    assert table.frame["ort"][0] == "Köln"
    assert bool(table.notes) == (encoding in ("utf-16", "cp1252"))


def test_bytes_of_no_encoding_are_read_and_noted(tmp_path: Path) -> None:
    table = read(kept(tmp_path, b"a,b\n1,\x81\n2,x\n"))
    assert len(table.frame) == 2
    assert any("latin-1" in note for note in table.notes)


def test_names_that_stand_twice_are_numbered_and_cannot_be_a_target(tmp_path: Path) -> None:
    table = read(kept(tmp_path, "y,x,y\n" + "1,2,3\n0,2,3\n" * 15))
    assert list(table.frame.columns) == ["y", "x", "y.1"]
    assert any("more than once" in note for note in table.notes)
    with pytest.raises(InputError, match="more than once"):
        understand("predict y", table.frame, ["y"])


def test_question_marks_and_blanks_are_missing(tmp_path: Path) -> None:
    table = read(kept(tmp_path, 'a, b\n1, ?\n2, x\n ,NA\n" ",NA \n'))
    assert table.frame["b"].isna().tolist() == [True, False, True, True]
    assert table.frame["a"].isna().tolist() == [False, False, True, True]


def test_without_a_header_columns_are_counted(tmp_path: Path) -> None:
    table = read(kept(tmp_path, "1,2\n3,4\n"), header=False)
    assert list(table.frame.columns) == ["column1", "column2"]
    assert len(table.frame) == 2


@pytest.mark.parametrize(
    ("sentence", "metric"),
    [
        ("predict Survived, accuracy", "accuracy"),
        ("Predict the 'Survived' column and report the ROC AUC.", "auc"),
        ("predict survived from Height, balanced accuracy", "balanced_accuracy"),
        ("which of them Survived? log loss", "logloss"),
        ("predict Survived", "accuracy"),
        ("predict Height, rmse", "rmse"),
        ("forecast Height", "rmse"),
        ("predict Height by mean absolute error", "mae"),
    ],
)
def test_a_sentence_gives_target_and_metric(sentence: str, metric: str) -> None:
    task = understand(sentence, numbers())
    assert task.metric == metric
    assert task.target == ("Height" if metric in ("rmse", "mae") else "Survived")


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("predict Survivd, accuracy", "did you mean 'Survived'"),
        ("predict Survived, acuracy", "did you mean 'accuracy'"),
        ("predict Survived, sharpness", "no metric"),
        ("predict Height, accuracy", "40 values|classes"),
        ("", "no column"),
    ],
)
def test_a_sentence_that_fits_nothing_is_refused_with_the_nearest_name(sentence: str, said: str) -> None:
    frame = numbers(140) if "Height, acc" in sentence else numbers()
    with pytest.raises(InputError, match=said if "Height" not in sentence else "at most 100 classes"):
        understand(sentence, frame)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame({"y": ["1", "0"] * 20}), "one more column"),
        (pd.DataFrame({"y": ["1"] * 40, "x": ["2"] * 40}), "two or more values"),
        (pd.DataFrame({"y": ["1", "0"], "x": ["2", "3"]}), "at least 20 rows"),
        (pd.DataFrame({"y": [None] * 40, "x": ["2"] * 40}, dtype=str), "two or more values"),
    ],
)
def test_a_table_that_cannot_be_learned_is_refused(frame: pd.DataFrame, said: str) -> None:
    with pytest.raises(InputError, match=said):
        understand("predict y", frame)


def test_columns_are_taken_for_what_they_are() -> None:
    n, rng = 200, np.random.default_rng(1)
    y = rng.integers(0, 2, n)
    days = pd.date_range("2020-01-01", periods=n)
    mixed = [d.strftime(("%Y-%m-%d", "%d.%m.%Y", "%b %d, %Y")[i % 3]) for i, d in enumerate(days)]
    frame = pd.DataFrame({
        "y": y,
        "key": range(1, n + 1),
        "code": [f"k{i}" for i in range(n)],
        "value": rng.normal(size=n),
        "colour": rng.choice(["red", "green"], n),
        "day": mixed,
        "stamp": days.strftime("%Y%m%d"),
        "name": [f"Mr {rng.integers(9999)} of {i}" for i in range(n)],
        "copy": np.where(y == 1, "yes", "no"),
        "none": [None] * n,
        "same": ["1"] * n,
    })  # fmt: skip
    found = {c.name: c.kind for c in profile(frame.astype("str").where(frame.notna()), "y").columns}
    assert found == {
        "key": "id", "code": "id", "value": "number", "colour": "category", "day": "date", "stamp": "date",
        "name": "text", "copy": "leak", "none": "empty", "same": "constant",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y"])
def test_days_and_months_are_told_apart_by_what_is_possible(form: str) -> None:
    days = pd.Series(pd.date_range("2021-01-01", periods=120))
    frame = pd.DataFrame({"y": ["0", "1"] * 60, "day": days.dt.strftime(form)})
    column = profile(frame, "y").columns[0]
    assert column.kind == "date"
    assert (moment(frame["day"], column.formats) == days).all()


def test_two_hundred_thousand_rows_are_read_and_profiled(tmp_path: Path) -> None:
    n = 200_000
    table = read(kept(tmp_path, "x,c,y\n" + "1.5,a,0\n2.5,b,1\n3.5,b,0\n2.5,a,1\n" * (n // 4)))
    facts = profile(table.frame, "y")
    assert facts.rows == n
    assert {c.kind for c in facts.columns} == {"number", "category"} or facts.columns[0].kind == "leak"


def test_numbers_that_look_like_days_of_a_far_year_are_no_dates() -> None:
    frame = pd.DataFrame({"y": ["0", "1"] * 30, "ticket": [f"34920{i}" if i % 2 else f"A/5 {i}" for i in range(60)]})
    assert profile(frame, "y").columns[0].kind == "id" or profile(frame, "y").columns[0].kind == "text"
    assert moment(pd.Series(["349206", "34920306"]), ("%Y%m%d",)).notna().any()


def test_classes_that_are_one_number_written_twice_are_refused() -> None:
    table = numbers()
    table.loc[table["Survived"].idxmax(), "Survived"] = "1.0"
    with pytest.raises(InputError, match="one number written in several ways"):
        understand("predict Survived", table)


@pytest.mark.parametrize("end", ["Z", ".125", ".5Z", "+02:00", "-0330", " +00:00"])
def test_clocks_with_parts_of_a_second_or_a_zone_are_dates(end: str) -> None:
    table = numbers()
    table["seen"] = [f"2024-01-{i % 28 + 1:02d}T10:{i:02d}:30{end}" for i in range(len(table))]
    (column,) = (c for c in profile(table, "Survived").columns if c.name == "seen")
    assert column.kind == "date"
    assert moment(table["seen"], column.formats)[7] == pd.Timestamp("2024-01-08 10:07:30")
