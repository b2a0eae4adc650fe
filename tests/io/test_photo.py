"""Every way a photo can come, and every way it can be broken."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mien.errors import InputError, Unreadable
from mien.io import photo
from mien.io.photo import read
from mien.types import Frame, Pixels

ORIENTATION = 0x0112


def picture(height: int = 24, width: int = 32) -> Pixels:
    """Smooth colours with a red top-left corner and a blue bottom-right one, so that turns and channels show."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    rgb = np.stack([255 * (1 - x) * (1 - y), 80 + 100 * x * (1 - y), 255 * x * y], -1)
    return rgb.round().astype(np.uint8)


def encoded(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    (image or Image.fromarray(picture())).save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF", "JPEG", "WEBP"])
def test_every_format_gives_the_pixels_that_were_saved(kind: str) -> None:
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    off = np.abs(read(encoded(kind, **options)).pixels.astype(int) - picture())
    assert off.mean() < {"JPEG": 1.5, "GIF": 6}.get(kind, 1e-9)  # JPEG rounds, GIF has 256 colours


def test_heic_is_read_upright() -> None:
    heif = pytest.importorskip("pillow_heif", reason="HEIC needs pillow-heif")
    file = io.BytesIO()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    big = picture(96, 128)
    heif.from_pillow(Image.fromarray(big)).save(file, quality=100, chroma=444, exif=exif.tobytes())
    got = read(file.getvalue()).pixels
    assert got.shape == (128, 96, 3)
    assert np.abs(got.astype(int) - np.rot90(big, -1)).mean() < 3  # lossy
    with pytest.raises(Unreadable, match="--max-pixels 12288"):
        read(file.getvalue(), limit=12_000)


def test_heic_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(Unreadable, match=r"mien\[heic\]"):
        read(b"\0\0\0\x18ftypheic" + bytes(40))


def test_every_source_of_the_same_photo_gives_the_same_pixels(tmp_path: Path) -> None:
    content = encoded("PNG")
    path = tmp_path / "a photo.png"
    path.write_bytes(content)
    with path.open("rb") as file:
        sources = [path, str(path), content, bytearray(content), memoryview(content), io.BytesIO(content), file]
        sources += [Image.open(path), picture(), Frame(picture())]
        for source in sources:
            np.testing.assert_array_equal(read(source).pixels, picture())  # type: ignore[arg-type]
    with tempfile.NamedTemporaryFile() as wrapped:  # which is a file in all but its type
        wrapped.write(content)
        wrapped.seek(0)
        np.testing.assert_array_equal(read(wrapped).pixels, picture())  # type: ignore[arg-type]
    assert read(path).source == str(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_photo_comes_upright_whatever_way_the_camera_was_held(orientation: int, kind: str) -> None:
    lying = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation](picture())
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = encoded(kind, Image.fromarray(np.ascontiguousarray(lying)), exif=exif)
    got = read(content).pixels
    assert got.shape == picture().shape
    assert np.abs(got.astype(int) - picture()).mean() < 8  # lossy formats


def test_damaged_exif_is_no_reason_to_refuse_the_pixels() -> None:
    content = encoded("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read(content).pixels.shape == picture().shape


def test_grey_palette_and_black_and_white_become_rgb() -> None:
    image = Image.fromarray(picture())
    for mode in ("L", "P", "1"):
        got = read(encoded("PNG", image.convert(mode))).pixels
        np.testing.assert_array_equal(got, np.asarray(image.convert(mode).convert("RGB")))


def test_transparent_pixels_are_laid_on_white() -> None:
    rgba = np.dstack([picture(), np.full(picture().shape[:2], 255, np.uint8)])
    rgba[:4], rgba[4:8, :, 3] = (0, 0, 0, 0), 128
    wanted = picture().astype(float)
    wanted[:4], wanted[4:8] = 255, wanted[4:8] * 128 / 255 + 255 * 127 / 255
    for source in (rgba, Image.fromarray(rgba), encoded("PNG", Image.fromarray(rgba))):
        assert np.abs(read(source).pixels - wanted).max() <= 1  # rounding
    see_through = Image.fromarray(picture()).convert("P")
    corner = see_through.getpixel((0, 0))
    assert read(encoded("PNG", see_through, transparency=corner)).pixels[0, 0].tolist() == [255, 255, 255]


def test_cmyk_comes_near_the_rgb_it_was_made_from() -> None:
    cmyk = Image.fromarray(picture()).convert("CMYK")
    got = read(encoded("JPEG", cmyk, quality=100)).pixels
    assert np.abs(got.astype(int) - picture()).mean() < 3


def big_end_first(grey: np.ndarray) -> bytes:
    """A TIFF as scanners and Photoshop write it: the larger byte of every number comes first."""
    content, short, long = grey.astype(">u2").tobytes(), 3, 4
    height, width = grey.shape
    tags = [(256, long, width), (257, long, height), (258, short, 16 << 16), (259, short, 1 << 16)]
    tags += [(262, short, 1 << 16), (273, long, 8), (277, short, 1 << 16), (278, long, height)]
    tags += [(279, long, len(content))]
    entries = b"".join(struct.pack(">HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"MM\0*" + struct.pack(">I", 8 + len(content)) + content + struct.pack(">H", len(tags)) + entries + bytes(4)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    deep = np.linspace(0, 65535, 24 * 32).reshape(24, 32).astype(np.uint16)
    wanted = np.rint(deep / 257)
    for source in (
        deep,
        Image.fromarray(deep),
        encoded("PNG", Image.fromarray(deep)),
        encoded("TIFF", Image.fromarray(deep)),
        big_end_first(deep),
        deep.astype(">u2"),
    ):
        got = read(source).pixels
        assert np.abs(got - wanted[..., None]).max() <= 1
    np.testing.assert_array_equal(read(Image.fromarray(deep.astype(np.int32))).pixels, read(deep).pixels)


@pytest.mark.parametrize(
    "array",
    [
        picture(),
        picture() / np.float32(255),
        picture().astype(np.float64),
        picture().astype(np.uint16) * 257,
        picture().astype(np.int64),
        np.dstack([picture(), np.full((24, 32), 255, np.uint8)]),
    ],
    ids=["uint8", "float of 1", "float of 255", "uint16", "int64", "rgba"],
)
def test_arrays_of_any_number_type_mean_the_same_photo(array: np.ndarray) -> None:
    np.testing.assert_array_equal(read(array).pixels, picture())


def test_bgr_arrays_are_turned_round_on_request() -> None:
    bgr = picture()[..., ::-1]
    np.testing.assert_array_equal(read(bgr, bgr=True).pixels, picture())
    bgra = np.dstack([bgr, np.full((24, 32), 255, np.uint8)])
    np.testing.assert_array_equal(read(bgra, bgr=True).pixels, picture())
    grey = picture()[..., 0]
    np.testing.assert_array_equal(read(grey, bgr=True).pixels, read(grey).pixels)


def test_bgr_of_a_file_is_refused_as_files_know_their_order() -> None:
    with pytest.raises(InputError, match="bgr=True is for arrays"):
        read(encoded("PNG"), bgr=True)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((3, 24, 32), np.uint8), "channels must come last"),
        (np.zeros((2, 24, 32, 3), np.uint8), "one photo"),
        (np.zeros((24, 32, 2), np.uint8), "one photo"),
        (np.zeros((0, 32, 3), np.uint8), "one photo"),
        (np.full((4, 4, 3), np.nan), "finite"),
        (np.full((4, 4, 3), -0.5), "0..1"),
        (np.full((4, 4, 3), 300.0), "0..255"),
        (np.full((4, 4, 3), -1), "0..255"),
        (np.full((4, 4, 3), 1j), "numbers"),
        (np.full((4, 4, 3), "a"), "numbers"),
    ],
)
def test_arrays_that_could_mean_two_things_are_refused_with_words(array: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(array)


def test_what_is_no_photo_at_all_is_refused_with_words() -> None:
    with pytest.raises(InputError, match="got list"):
        read([1, 2, 3])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"Dear diary, this is no photo.", "known format.*Dear diary"),
        (encoded("JPEG", Image.fromarray(picture(240, 320)))[:2000], "damaged or truncated"),
        (encoded("PNG", Image.fromarray(picture(240, 320)))[:2000], "damaged or truncated"),
        (encoded("WEBP", Image.fromarray(picture(240, 320)))[:300], "known format|damaged"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
    ],
    ids=["empty", "text", "cut jpeg", "cut png", "cut webp", "broken heic"],
)
def test_a_broken_file_is_named_with_what_is_wrong(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=f"(?s)holiday.jpg.*({said})"):
        read(path)


@pytest.mark.parametrize("size", [(0, 0), (5, 0), (0, 5)])
def test_an_image_without_pixels_says_so(size: tuple[int, int]) -> None:
    with pytest.raises(Unreadable, match="it has no pixels: "):
        read(Image.new("RGB", size))


def test_a_file_open_for_text_says_how_to_open_it(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded("PNG"))
    with path.open() as file, pytest.raises(InputError, match=r"open\(path, 'rb'\)"):
        read(file)  # type: ignore[arg-type]


def test_postscript_is_refused_and_no_other_program_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\n%%EndComments\nshowpage\n")
    monkeypatch.setattr(subprocess, "check_call", lambda *_, **__: pytest.fail("a program was started"))
    with pytest.raises(Unreadable, match="it is PostScript, a program and no picture"):
        read(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"nowhere\.jpg failed: no such file"):
        read(tmp_path / "nowhere.jpg")
    with pytest.raises(Unreadable, match="folder"):
        read(tmp_path)


@pytest.mark.parametrize("strip", [1, 3 * 37, 1000, 2**20])
def test_however_many_rows_are_copied_at_a_time_the_pixels_are_all_there(
    strip: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = picture(37, 53)
    monkeypatch.setattr(photo, "STRIP", strip)
    assert np.array_equal(read(encoded("PNG", Image.fromarray(pixels))).pixels, pixels)


def huge_png(width: int, height: int) -> bytes:
    """A header that claims a size, with nothing behind it."""
    content = bytearray(encoded("PNG", Image.new("RGB", (1, 1))))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


def test_a_giant_picture_is_refused_before_it_takes_memory_and_the_flag_is_named() -> None:
    with pytest.raises(Unreadable, match=r"30000 x 30000.*--max-pixels 900000000"):
        read(huge_png(30_000, 30_000))
    with pytest.raises(Unreadable, match="truncated"):  # within a raised limit it gets as far as its missing pixels
        read(huge_png(2000, 2000), limit=4_000_000)


def test_a_raised_limit_admits_more_than_pillow_would_and_leaves_pillows_own_limit_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert read(encoded("PNG")).pixels.shape == picture().shape
    assert Image.MAX_IMAGE_PIXELS == 100


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=40))
def test_flipped_bytes_give_pixels_or_an_unreadable_and_nothing_else(place: int, junk: bytes) -> None:
    content = bytearray(encoded("JPEG", Image.fromarray(picture(64, 64))))
    place %= len(content)
    content[place : place + len(junk)] = junk
    try:
        assert read(bytes(content)).pixels.dtype == np.uint8
    except Unreadable as error:
        assert error.source == "bytes"


def test_pillow_keeps_memory_for_the_next_photo_but_leaves_the_users_own_choice() -> None:
    show = "import mien.io.photo; from PIL import Image; print(Image.core.get_blocks_max())"
    for chosen, wanted in (({}, str(photo.KEPT)), ({"PILLOW_BLOCKS_MAX": "5"}, "5")):
        env = {**os.environ, **chosen}
        said = subprocess.run([sys.executable, "-c", show], env=env, capture_output=True, text=True, check=True)
        assert said.stdout.strip() == wanted
