"""The other challenges' files: read, refused by line, written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.train import data
from mien.train.data import Faults, bah, cexpr, dvd, emi, folders


def test_commas_inside_a_transcript_part_nothing(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text('a/1.mp4,1,"well, I, er, think"\nb/2.mp4,0\nc/3.mp4,2,x\n')
    faults = Faults()
    told = bah.videos(path, faults)
    assert [(t.video, t.label, t.words) for t in told] == [("a/1.mp4", 1, "well, I, er, think"), ("b/2.mp4", 0, "")]
    assert [f.line for f in faults.found] == [3]
    path.write_text("a/1.mp4,1,well\n\n")
    assert len(bah.videos(path, faults)) == len(faults.found) == 1  # a blank end is none more


def test_frames_of_hesitancy_are_sorted_and_named_by_line(tmp_path: Path) -> None:
    place = tmp_path / "split-frames"
    place.mkdir()
    (place / "train.txt").write_text("s/v.mp4/frame-10.jpg,1\ns/v.mp4/frame-2.jpg,0\ns/v.mp4/frame-3.jpg,-1\n")
    rows = data.read("bah", tmp_path)["train"]
    assert rows.frame.tolist() == [2, 3, 10]
    assert rows.targets["hesitancy"].known.tolist() == [True, False, True]
    (place / "train.txt").write_text("s/v.mp4/frame-1.jpg,1\n../v.mp4/frame-2.jpg,0\ns/v.mp4/x.jpg,0\n")
    assert [f.line for f in data.check("bah", tmp_path)] == [2, 3]


def test_the_first_generation_of_hesitancy_is_read_from_its_yaml_in_both_spellings(tmp_path: Path) -> None:
    (tmp_path / "default-split").mkdir()
    (tmp_path / "default-split" / "train.txt").write_text("s/1/a.mp4,1\ns/1/b.mp4,0\n")
    head = "s/1/a.mp4:\n  fr_detailed_ah:\n  - [3, 4]\n  frame_annotation:\n"
    second = "  global_ah: 1\n's/1/b.mp4':\n  frame_annotation:\n  - [s/1/b.mp4/frame-1.jpg, 0]\n"
    whole = f"{head}  - - s/1/a.mp4/frame-7.jpg\n    - 1\n  - - s/1/a.mp4/frame-2.jpg\n    - 0\n{second}"
    (tmp_path / "annotation.yml").write_text(whole)
    rows = data.read("bah", tmp_path)["train"]
    assert rows.videos == ("s/1/a.mp4", "s/1/b.mp4") and rows.frame.tolist() == [2, 7, 1]
    assert rows.targets["hesitancy"].values[:, 1].tolist() == [0, 1, 0]
    (tmp_path / "annotation.yml").write_text(whole.replace("    - 1\n", "    - 2\n").replace("frame-1.jpg", "x.jpg"))
    assert [f.line for f in data.check("bah", tmp_path)] == [6, 12]
    (tmp_path / "default-split" / "train.txt").write_text("s/1/c.mp4,1\n")
    assert any("s/1/c.mp4 has no frame_annotation" in str(f) for f in data.check("bah", tmp_path))


def test_violence_frames_left_out_of_the_table_are_not_known(tmp_path: Path) -> None:
    for split in dvd.FOLDERS.values():
        place = tmp_path / split / "annotations"
        place.mkdir(parents=True)
        (place / "v.csv").write_text("Frame_Number,Label\n1,0\n4,1\n")
    truth = data.read("dvd", tmp_path)["train"].targets["violence"]
    assert truth.known.tolist() == [True, False, False, True]
    (tmp_path / "Training" / "annotations" / "v.csv").write_text("Frame_Number,Label\n1,0\n1,1\n2,0.5\n0,1\nx,1\n")
    assert [f.line for f in data.check("dvd", tmp_path)] == [3, 4, 5, 6]
    (tmp_path / "Training" / "annotations" / "w.csv").write_text("Frame_Number,Label\n")
    assert any("without annotations" in str(f) for f in data.check("dvd", tmp_path))


def test_intensities_outside_their_range_and_repeated_clips_are_named(tmp_path: Path) -> None:
    head = ",".join(emi.COLUMNS)
    (tmp_path / "valid_split.csv").write_text(f"{head}\n1,0,0,0,0,0,1\n")
    (tmp_path / "train_split.csv").write_text(
        f"{head}\n1,0,0,0,0,0,1\n1,0,0,0,0,0,1\n2,0,0,0,0,0,1.5\n3,0,0\n4,a,0,0,0,0,0\n"
    )
    assert sorted(f.line for f in data.check("emi", tmp_path)) == [3, 4, 5, 6]
    (tmp_path / "train_split.csv").write_text("Filename,Joy\n1,0\n")
    with pytest.raises(InputError, match="missing: Admiration"):
        data.read("emi", tmp_path)
    (tmp_path / "train_split.csv").write_text(f'{head}\n1,0,0,0,0,0,1\n"2,0,0,0,0,0,1\n3,0,0,0,0,0,1\n')
    (fault,) = data.check("emi", tmp_path)
    assert fault.line == 3 and "no table from here on" in fault.what  # where the quote opens


def test_intensities_written_are_read_back(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((3, 6)).astype(np.float32).round(3)
    for name in emi.FILES.values():
        emi.write(tmp_path / name, ["a", "b", "c"], values)
    np.testing.assert_allclose(data.read("emi", tmp_path)["train"].targets["emi"].values, values, atol=1e-6)
    with pytest.raises(InputError, match="must hold 3 rows"):
        emi.write(tmp_path / "x.csv", ["a", "b"], values[:2], ["a", "b", "c"])


def test_compound_answers_are_read_back_and_counted(tmp_path: Path) -> None:
    images = ["01/00001.jpg", "01/00002.jpg", "02/00001.jpg"]
    cexpr.write(tmp_path / "validation.txt", images, np.array([6, 0, 3]), wanted=3)
    rows = data.read("cexpr", tmp_path)["validation"]
    assert rows.targets["compound"].values.argmax(1).tolist() == [6, 0, 3]
    with pytest.raises(InputError, match="must hold 26145 rows"):
        cexpr.write(tmp_path / "x.txt", images, np.array([6, 0, 3]), wanted=26_145)
    (tmp_path / "validation.txt").write_text(cexpr.HEADER + "\n01/00001.jpg,7\n01/1.5.jpg,0\n")
    assert [f.line for f in data.check("cexpr", tmp_path)] == [2, 3]


def test_folders_are_classes_and_a_strange_one_is_named(tmp_path: Path) -> None:
    for split in folders.LSD.splits.values():
        for kind in folders.LSD.classes:
            (tmp_path / split / kind).mkdir(parents=True)
            (tmp_path / split / kind / "1.jpg").touch()
    truth = data.read("lsd", tmp_path)["train"].targets["lsd"]
    assert truth.values.argmax(1).tolist() == list(range(6))
    (tmp_path / "train" / "ANGER").mkdir()
    (tmp_path / "train" / "FEAR" / "1.jpg").unlink()
    told = [str(f) for f in data.check("lsd", tmp_path)]
    assert len(told) == 2 and "ANGER: is no class" in told[0] and "FEAR: no files" in told[1]


def test_group_moods_are_one_two_three(tmp_path: Path) -> None:
    (tmp_path / "Val_labels.txt").write_text("Vid_name Label\n1_1 3\n\n \n")  # a blank end is no row
    (tmp_path / "Train_labels.txt").write_text("Vid_name Label\n1_1 1\n1_2 3\n1_3 2\n")
    assert data.read("vgaf", tmp_path)["train"].targets["vgaf"].values.argmax(1).tolist() == [0, 2, 1]
    (tmp_path / "Train_labels.txt").write_text("Vid_name Label\n1_1 1\n1_2 0\n1_1 2\n")
    assert [f.line for f in data.check("vgaf", tmp_path)] == [3, 4]  # no mood, and a clip again


def test_affectnet_knows_eight_of_eleven_classes_and_marks_missing_affect(tmp_path: Path) -> None:
    head = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n"
    for name in ("training.csv", "validation.csv"):
        (tmp_path / name).write_text(head + 'a/1.jpg,0,0,9,9,"1;2",7,0.5,-0.25\na/2.jpg,0,0,9,9,x,9,-2,-2\n')
    rows = data.read("affectnet", tmp_path)["train"]
    assert rows.targets["faces8"].known.tolist() == [True, False]
    assert rows.targets["valence_arousal"].known.tolist() == [True, False]
    (tmp_path / "training.csv").write_text(head + "a/1.jpg,0,0,9,9,x,12,0.5,0\na/2.jpg,0,0,wide,9,x,0,3,0\n")
    assert sorted({f.line for f in data.check("affectnet", tmp_path)}) == [2, 3]


def test_a_video_submission_gives_both_probabilities(tmp_path: Path) -> None:
    bah.submit(tmp_path / "out.txt", ["a", "b"], [0.7, 0.2], limit=0.4)
    assert (tmp_path / "out.txt").read_text() == "a,0.3000,0.7000,1\nb,0.8000,0.2000,0\n"


@pytest.mark.parametrize("content", ["", "\n \n"])
@pytest.mark.parametrize("kind", ["affectnet", "emi", "mtl", "vgaf"])
def test_an_empty_file_is_a_fault(kind: str, content: str, tmp_path: Path) -> None:
    names = [f"{part}{end}" for part in ("training", "validation") for end in (".csv", "_set_annotations.txt")]
    for name in (*names, "train_split.csv", "valid_split.csv", "Train_labels.txt", "Val_labels.txt"):
        (tmp_path / name).write_text(content)
    found = data.check(kind, tmp_path)
    assert [(f.line, f.what, f.note) for f in found] == [(0, "empty", False)] * 2


def test_a_repeated_clip_is_named_by_its_own_line_below_a_faulty_one(tmp_path: Path) -> None:
    head = ",".join(emi.COLUMNS)
    (tmp_path / "valid_split.csv").write_text(f"{head}\n1,0,0,0,0,0,1\n")
    (tmp_path / "train_split.csv").write_text(f"{head}\n1,0,0,0,0,0,1\n2,0\n\n1,0,0,0,0,0,1\n")
    assert [(f.line, f.what) for f in data.check("emi", tmp_path)][1:] == [(5, "repeats: '1'")]
