"""A photo from anywhere → a Frame of upright RGB pixels, or an error that names it and says what to do."""

from __future__ import annotations

import io
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mien.errors import InputError, Unreadable
from mien.types import Frame, Pixels

Array: TypeAlias = NDArray[np.generic]
Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | Array | Frame"

LIMIT = 200_000_000  # pixels: the largest phone photos pass, a 30,000 x 30,000 picture (2.7 GB of RGB) does not

STRIP = 2**20  # bytes
KEPT = 2  # blocks of up to 16 MB that Pillow keeps for the next photo: new ones double the time of a large one
if not Image.core.get_blocks_max():
    Image.core.set_blocks_max(KEPT)

_TURNS = {  # the EXIF orientation and what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_reading = threading.Lock()


@runtime_checkable
class _Readable(Protocol):
    """An open binary file; temporary files and uploads are none by type."""

    def read(self) -> bytes:
        """All that is left."""
        ...


def read(source: Source, *, bgr: bool = False, limit: int = LIMIT) -> Frame:
    """A photo as a Frame: a path, bytes, an open binary file, a PIL image, or an array (H, W[, 1, 3 or 4]).

    Arrays are RGB, as Pillow, imageio and Matplotlib give them; pass `bgr=True` for those of OpenCV (`cv2.imread`,
    `VideoCapture.read`). Floats up to 1 count as shares of white. Transparency is laid on white.
    """
    if isinstance(source, Frame):
        return source
    if isinstance(source, np.ndarray):
        return Frame(_from_array(source, bgr), source="array")
    if bgr:
        raise InputError("bgr=True is for arrays; files and PIL images know their own channel order, leave it out")
    if isinstance(source, Image.Image):
        return Frame(_decode(source, "image", limit), source="image")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Frame(_from_file(io.BytesIO(source), "bytes", limit), source="bytes")
    if isinstance(source, (str, os.PathLike)):
        return _from_path(Path(source), limit)
    if isinstance(source, io.TextIOBase):
        raise InputError("a photo's file must be open for bytes, got one for text; use open(path, 'rb')")
    if isinstance(source, _Readable):
        name = str(getattr(source, "name", "file object"))
        return Frame(_from_file(io.BytesIO(source.read()), name, limit), source=name)
    raise InputError(
        "a photo must be a path, bytes, a binary file, a PIL image or a numpy array, "
        f"got {type(source).__name__}; convert it with numpy.asarray first"
    )


def _from_path(path: Path, limit: int) -> Frame:
    try:
        with path.open("rb") as file:
            return Frame(_from_file(file, str(path), limit), source=str(path))
    except FileNotFoundError:
        raise Unreadable(str(path), "no such file; check its name and folder") from None
    except IsADirectoryError:
        raise Unreadable(str(path), "it is a folder; name a photo in it") from None
    except OSError as error:
        raise Unreadable(str(path), error.strerror or str(error)) from error


def _from_file(file: BinaryIO, name: str, limit: int) -> Pixels:
    head = file.read(32)
    file.seek(0)
    if not head:
        raise Unreadable(name, "the file is empty; copy it again from where it came")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC:
        return _decode(_heic(file, name, limit), name, limit)
    try:
        with header_only():
            image = Image.open(file)
    except Exception as error:  # decoders of damaged bytes raise nearly anything
        raise Unreadable(
            name, f"not a picture of a known format, it begins with {head[:16]!r}; save it as JPEG or PNG"
        ) from error
    with image:
        if image.format == "EPS":  # Pillow would have Ghostscript run it
            raise Unreadable(name, "it is PostScript, a program and no picture; save it as JPEG or PNG")
        return _decode(image, name, limit)


@contextmanager
def header_only() -> Iterator[None]:
    """Reads no pixels, so without Pillow's guard on size: our own limit follows, whose flag the error can name.

    Damaged notes beside the pixels make Pillow warn; they are of no use to who wants the pixels.
    """
    with _reading, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _heic(file: BinaryIO, name: str, limit: int) -> Image.Image:
    try:
        import pillow_heif
    except ImportError:
        raise Unreadable(name, "HEIC photos need an extra; install it with: pip install 'mien[heic]'") from None
    try:
        header = pillow_heif.open_heif(file)
        refuse_giant(name, *header.size, limit)  # before the pixels are made
        return header.to_pillow()
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(name, f"damaged HEIC file ({error}); copy it again from where it came") from error


def _decode(image: Image.Image, name: str, limit: int) -> Pixels:
    refuse_giant(name, *image.size, limit)
    if 0 in image.size:
        raise Unreadable(name, f"it has no pixels: {image.size[0]} x {image.size[1]}; cut out a larger part")
    try:
        image.load()
        return _to_rgb(_upright(image))
    except InputError as error:
        raise Unreadable(name, str(error)) from None
    except Exception as error:  # decoders of damaged bytes raise nearly anything
        raise Unreadable(name, f"damaged or truncated file ({error}); copy it again from where it came") from error


def refuse_giant(name: str, width: int, height: int, limit: int) -> None:
    """Raise, with the flag that helps, where a picture has more pixels than the limit."""
    if width * height > limit:
        raise Unreadable(
            name,
            f"{width} x {height} is {width * height:,} pixels, more than the limit of {limit:,}; "
            f"if you trust it, raise the limit with --max-pixels {width * height}",
        )


def _upright(image: Image.Image) -> Image.Image:
    try:
        with header_only():
            orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # a photo whose notes are damaged is taken as it lies
        return image
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _to_rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith(("I", "F")):  # more than 8 bits a pixel, which Pillow would clip, not scale
        return _from_array(np.asarray(image), False)
    if image.has_transparency_data:
        return _on_white(np.asarray(image.convert("RGBA")))
    return _copied(image if image.mode == "RGB" else image.convert("RGB"))  # which would copy it


def _copied(image: Image.Image) -> Pixels:
    """Strip by strip: at once, Pillow takes the whole again and again, and new memory is slower than the copying."""
    width, height = image.size
    rows = max(STRIP // (3 * width), 1)
    if rows >= height:
        return np.asarray(image)
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        pixels[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return pixels


def _from_array(array: Array, bgr: bool) -> Pixels:
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        raise InputError(f"channels must come last, got {array.shape}; use array.transpose(1, 2, 0)")
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise InputError(f"a photo array must be (H, W), (H, W, 3) or (H, W, 4), one photo, got {array.shape}")
    pixels = _to_bytes(array)
    if bgr:
        pixels = pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]] if pixels.shape[2] > 1 else pixels
    if pixels.shape[2] == 4:
        return _on_white(pixels)
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def _to_bytes(array: Array) -> Pixels:
    """Any number type → uint8, by what its values can only mean; values that could mean two things are refused."""
    if array.dtype == np.uint8:
        return array  # type: ignore[return-value]
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "uif":
        raise InputError(f"pixels must be numbers, got {array.dtype}")
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError("pixels must be finite, got NaN or infinity; fill them first")
    white = _white(array.dtype, high)
    if low < 0 or high > white:
        raise InputError(f"{array.dtype} pixels must be in 0..{white:g}, got {low:g}..{high:g}; rescale them first")
    return np.rint(array.astype(np.float32) * np.float32(255 / white)).astype(np.uint8)


def _white(dtype: np.dtype[np.generic], high: float) -> float:
    if dtype.kind == "u" and dtype.itemsize == 2:  # in either order of bytes: scanners' TIFFs have the big end first
        return 65535.0
    if dtype.kind == "f":
        return 1.0 if high <= 1 else 255.0
    return 65535.0 if dtype.itemsize > 2 and high > 255 else 255.0  # Pillow gives 16-bit grey as int32


def _on_white(rgba: Pixels) -> Pixels:
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
