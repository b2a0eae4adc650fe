"""A film of any length and size, made from a short one."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

from mien.geometry import shrink
from mien.io.video import Video

_SHORT = 100  # frames that are kept and repeated


def write(source: Path, file: Path, frames: int, size: tuple[int, int], rate: int = 25) -> None:
    """The first frames of a film, scaled, over and over, as H.264."""
    import av

    kept = [shrink(frame.pixels, size) for frame in islice(Video(source), _SHORT)]
    with av.open(str(file), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "threads": "1"})
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        for pixels in islice(cycle(kept), frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
