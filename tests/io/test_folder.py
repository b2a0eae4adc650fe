"""Which files are found, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mien.errors import InputError
from mien.io.folder import PHOTOS, photos, videos
from mien.io.photo import read


def made(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(root: Path, found: list[Path]) -> list[str]:
    return [p.relative_to(root).as_posix() for p in found]


def test_photos_come_in_the_order_a_person_counts(tmp_path: Path) -> None:
    made(tmp_path, "img10.jpg", "img2.JPG", "IMG1.png", "b/2.heic", "b/11.webp", "a 9/1.tif", "a 10/1.tif", "007.bmp")
    wanted = ["007.bmp", "a 9/1.tif", "a 10/1.tif", "b/2.heic", "b/11.webp", "IMG1.png", "img2.JPG", "img10.jpg"]
    assert names(tmp_path, photos(tmp_path)) == wanted


def test_photos_and_videos_are_kept_apart_and_other_files_left_out(tmp_path: Path) -> None:
    made(tmp_path, "a.jpg", "b.mp4", "c.txt", "d", "e.jpg.bak")
    assert names(tmp_path, photos(tmp_path)) == ["a.jpg"]
    assert names(tmp_path, videos(tmp_path)) == ["b.mp4"]


@pytest.mark.parametrize("ending", sorted(PHOTOS - {".heic", ".heif"}))
def test_a_photo_of_every_listed_ending_is_found_and_read(tmp_path: Path, ending: str) -> None:
    if ending not in Image.registered_extensions():
        pytest.skip(f"this Pillow does not write {ending}")
    Image.new("RGB", (32, 16), "red").save(tmp_path / f"a{ending}")
    assert [read(p).size for p in photos(tmp_path)] == [(32, 16)]


@pytest.mark.parametrize("ending", [".jfif", ".avif", ".3gp", ".m2ts"])
def test_what_browsers_phones_and_camcorders_save_is_found(tmp_path: Path, ending: str) -> None:
    made(tmp_path, f"a{ending}", f"B{ending.upper()}")
    assert names(tmp_path, photos(tmp_path) + videos(tmp_path)) == [f"a{ending}", f"B{ending.upper()}"]


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    made(tmp_path, ".a.jpg", ".thumbs/b.jpg", "._c.jpg", "d.jpg")
    assert names(tmp_path, photos(tmp_path)) == ["d.jpg"]


@pytest.mark.parametrize("name", ["$RECYCLE.BIN", "System Volume Information", "lost+found", "@eaDir"])
def test_what_a_system_keeps_on_a_drive_is_not_opened(tmp_path: Path, name: str) -> None:
    made(tmp_path, f"{name}/p.jpg", f"trip/{name}/p.jpg", "trip/p.jpg")
    assert names(tmp_path, photos(tmp_path)) == ["trip/p.jpg"]
    assert names(tmp_path, photos(tmp_path / name)) == [f"{name}/p.jpg"], "who names it wants it"


def test_a_folder_that_cannot_be_listed_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr("os.scandir", closed)
    with pytest.raises(InputError, match=r"Permission denied; check its drive and rights"):
        photos(tmp_path)


def test_links_that_lead_in_a_circle_are_not_followed(tmp_path: Path) -> None:
    made(tmp_path, "a/b.jpg")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    assert names(tmp_path, photos(tmp_path)) == ["a/b.jpg"]


def test_a_named_file_is_taken_at_its_word(tmp_path: Path) -> None:
    path = tmp_path / "scan.001"
    assert photos(path) == [path]


def test_a_name_too_long_for_any_file_is_left_to_whoever_reads_it() -> None:
    path = Path("a" * 300)
    assert photos(path) == [path]


def test_a_hidden_root_is_listed_when_named(tmp_path: Path) -> None:
    made(tmp_path, ".album/a.jpg")
    assert names(tmp_path, photos(tmp_path / ".album")) == [".album/a.jpg"]


def test_what_runs_drew_is_no_photo(tmp_path: Path) -> None:
    made(tmp_path, "a.jpg", "out/journal.jsonl", "out/annotated/a.jpg", "film/people.json", "film/timeline.png")
    made(tmp_path, "mine/annotated/b.jpg", "mine/timeline.png")
    assert names(tmp_path, photos(tmp_path)) == ["a.jpg", "mine/annotated/b.jpg", "mine/timeline.png"]
