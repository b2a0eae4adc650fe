"""Videos as they come from phones, editors and broken disks."""

from __future__ import annotations

import socket
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mien.errors import InputError, Unreadable
from mien.io.video import Damaged, Video, _Stretch, ahead

SIZE = (64, 48)
RATE = 20


def shade(i: int) -> int:
    return i * 6


def write(
    path: Path,
    frames: int = 40,
    times: list[float] | None = None,
    codec: str = "mpeg4",
    sound: bool = False,
    noise: bool = False,
    pixel: Fraction = Fraction(1),
    **options: str,
) -> Path:
    """A clip whose frame i is grey of shade(i), its left half darker by half."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel
        stream.bit_rate = 4_000_000  # so that shades stay apart
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        tone = container.add_stream("aac", rate=16_000) if sound else None
        for i in range(frames):
            pixels = np.full((SIZE[1], SIZE[0], 3), shade(i), np.uint8)
            pixels[:, : SIZE[0] // 2] //= 2
            if noise:
                pixels[::2] = rng.integers(0, 255, pixels[::2].shape)
            image = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            image.pts = round(1000 * (times[i] if times else i / RATE))
            image.time_base = Fraction(1, 1000)
            container.mux(stream.encode(image))
        container.mux(stream.encode())
        if tone is not None:
            wave = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
            wave.rate = 16_000
            container.mux(tone.encode(wave))
            container.mux(tone.encode())
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clips") / "clip.mp4", movflags="faststart")


def shades(frames: list) -> list[int]:
    """Which frame each picture is, by its right half."""
    return [round(float(f.pixels[:, SIZE[0] // 2 + 4 :].mean()) / 6) for f in frames]


def test_every_frame_comes_once_in_order_with_its_time_and_index(clip: Path) -> None:
    frames = list(Video(clip))
    assert shades(frames) == list(range(40))
    assert [f.index for f in frames] == list(range(40))
    np.testing.assert_allclose([f.time for f in frames], np.arange(40) / RATE, atol=1e-6)
    assert {f.source for f in frames} == {str(clip)}
    assert frames[0].pixels.shape == (SIZE[1], SIZE[0], 3)


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    times = [0.0, 0.05, 0.3, 0.35, 1.0, 1.02, 2.5]
    path = write(tmp_path / "vfr.mp4", len(times), times)
    np.testing.assert_allclose([f.time for f in Video(path)], times, atol=2e-3)  # the file counts in milliseconds


def test_times_go_on_where_recordings_were_put_end_to_end(tmp_path: Path) -> None:
    part = write(tmp_path / "part.ts", frames=40).read_bytes()
    (tmp_path / "whole.ts").write_bytes(part + part)
    times = [frame.time for frame in Video(tmp_path / "whole.ts")]
    np.testing.assert_allclose(times, np.arange(80) / RATE, atol=1e-3)  # the file's own are whole milliseconds


@pytest.mark.parametrize("name", ["late.ts", "late.mp4", "late.mkv"])
def test_times_count_from_the_first_frame_and_a_late_one_is_no_damage(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, 10, [5 + i / RATE for i in range(10)])
    np.testing.assert_allclose([f.time for f in Video(path)], np.arange(10) / RATE, atol=1e-3)


@pytest.mark.parametrize(
    ("matrix", "turned"),
    [((1, 0, 0, 1), 0), ((0, 1, -1, 0), -1), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 1)],
    ids=["upright", "clockwise", "upside down", "counter-clockwise"],
)
def test_a_phone_held_any_way_gives_upright_frames(
    clip: Path, tmp_path: Path, matrix: tuple[int, int, int, int], turned: int
) -> None:
    """The header's matrix takes (x, y) to (a x + c y, b x + d y), so (0, 1, -1, 0) puts the top left at the right."""
    content = bytearray(clip.read_bytes())
    a, b, c, d = (int(v * 0x10000).to_bytes(4, "big", signed=True) for v in matrix)
    place = content.index(b"tkhd") + 4 + 40
    zero, one = bytes(4), (1 << 30).to_bytes(4, "big")
    content[place : place + 36] = a + b + zero + c + d + zero + zero + zero + one
    path = tmp_path / "turned.mp4"
    path.write_bytes(content)
    np.testing.assert_array_equal(next(iter(Video(path))).pixels, np.rot90(next(iter(Video(clip))).pixels, turned))


@pytest.mark.parametrize("name", ["tape.avi", "tape.mp4", "tape.mkv"])
@pytest.mark.parametrize("pixel", [Fraction(64, 45), Fraction(8, 9)])
def test_what_was_recorded_in_pixels_that_are_not_square_is_shown_as_it_was(
    tmp_path: Path, name: str, pixel: Fraction
) -> None:
    frame = next(iter(Video(write(tmp_path / name, 10, pixel=pixel))))
    assert frame.size == (round(SIZE[0] * pixel), SIZE[1])
    left, right = frame.pixels[:, : frame.size[0] // 3], frame.pixels[:, -frame.size[0] // 3 :]
    assert abs(float(left.mean()) * 2 - float(right.mean())) < 8


def test_every_third_frame_keeps_its_own_index_and_time(clip: Path) -> None:
    video = Video(clip, every=3)
    frames = list(video)
    assert [f.index for f in frames] == list(range(0, 40, 3)) == shades(frames)
    assert video.expected() == pytest.approx(len(frames), abs=1)


@pytest.mark.parametrize("fps", [1, 3, 7, 20, 100])
def test_fps_takes_the_first_frame_of_every_slot_and_never_one_twice(clip: Path, fps: float) -> None:
    video = Video(clip, fps=fps)
    got = [f.index for f in video]
    slots = {}
    for i in range(40):
        slots.setdefault(int(i / RATE * fps + 1e-6), i)
    assert got == list(slots.values())
    assert video.expected() == pytest.approx(len(got), abs=1)


def test_start_and_stop_cut_out_a_stretch_with_the_right_indices(clip: Path) -> None:
    video = Video(clip, start=0.5, stop=1.25)
    frames = list(video)
    assert [f.index for f in frames] == list(range(10, 25)) == shades(frames)
    assert video.expected() == len(frames)


def test_a_start_where_seeking_is_not_possible_decodes_up_to_it(tmp_path: Path) -> None:
    path = write(tmp_path / "raw.m4v", 30, codec="mpeg4")
    assert shades(list(Video(path, start=0.5)))[-1] == 29


def test_a_start_far_in_does_not_decode_all_before_it(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    images = _Stretch._images
    monkeypatch.setattr(_Stretch, "_images", lambda self: (decoded.append(i) or i for i in images(self)))
    assert len(list(Video(clip, start=1.8))) == 4
    assert len(decoded) < 20


def test_a_start_past_the_end_says_so(clip: Path) -> None:
    with pytest.raises(Unreadable, match=r"no frame at or after 9"):
        list(Video(clip, start=9))


def test_a_stretch_between_two_frames_says_that_it_holds_none(clip: Path) -> None:
    with pytest.raises(Unreadable, match=r"no frame between 0\.51 and 0\.54 s; ask for a longer stretch"):
        list(Video(clip, start=0.51, stop=0.54))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"every": 0}, "every must be 1"),
        ({"fps": 0}, "fps must be more than 0"),
        ({"fps": float("nan")}, "fps must be more than 0"),
        ({"fps": float("inf")}, "fps must be more than 0"),
        ({"start": float("nan")}, "start must be 0"),
        ({"stop": float("nan")}, "before stop"),
        ({"fps": 5, "every": 2}, "give one of them"),
        ({"start": -1}, "start must be 0"),
        ({"start": 2, "stop": 2}, "before stop"),
    ],
)
def test_options_without_sense_are_refused(options: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Video("clip.mp4", **options)  # type: ignore[arg-type]


def test_the_header_tells_size_rate_and_length_without_decoding(clip: Path) -> None:
    header = Video(clip).header()
    assert (header.width, header.height, header.frames) == (*SIZE, 40)
    assert header.rate == pytest.approx(RATE)
    assert header.seconds == pytest.approx(2.0, abs=0.06)


def test_a_video_can_be_iterated_again_and_left_early(clip: Path) -> None:
    video = Video(clip)
    for frame in video:
        if frame.index == 3:
            break
    assert len(list(video)) == 40
    assert not [t for t in threading.enumerate() if t.name.startswith("mien-decode")]


def test_only_one_item_is_made_ahead_of_its_use() -> None:
    made = []

    def numbers():
        for i in range(10):
            made.append(i)
            yield i

    for i in ahead(numbers()):
        assert len(made) <= i + 2
    assert made == list(range(10))


def test_an_error_in_the_background_is_raised_where_the_items_are_used_and_the_source_is_closed() -> None:
    closed = []

    def numbers():
        try:
            yield 1
            raise Unreadable("clip", "broken")
        finally:
            closed.append(True)

    with pytest.raises(Unreadable, match="broken"):
        list(ahead(numbers()))
    assert closed == [True]


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv", "cut.mov"])
def test_a_truncated_file_gives_its_whole_frames_then_says_how_many(name: str, tmp_path: Path) -> None:
    options = {} if name.endswith("mkv") else {"movflags": "faststart"}
    path = write(tmp_path / name, 40, noise=True, **options)
    whole = [f.pixels for f in Video(path)]
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    kept = []
    with pytest.raises(Damaged, match=r"truncated file.*frames were kept") as caught:
        kept.extend(f.pixels for f in Video(path))
    assert caught.value.kept == len(kept)
    assert 10 <= len(kept) < 40
    for got, wanted in zip(kept, whole, strict=False):
        np.testing.assert_array_equal(got, wanted)


def test_damage_in_the_middle_is_skipped_counted_and_told(tmp_path: Path) -> None:
    path = write(tmp_path / "hurt.mp4", 40, noise=True)
    with av.open(str(path)) as container:
        place = next(p.pos for i, p in enumerate(container.demux(video=0)) if i == 20)
    content = bytearray(path.read_bytes())
    content[place : place + 40] = bytes(40)
    path.write_bytes(content)
    kept = []
    with pytest.raises(Damaged, match=r"\d damaged places? (was|were) skipped") as caught:
        kept.extend(Video(path))
    assert caught.value.kept == len(kept) >= 20
    assert kept[-1].time > 1.9  # what follows the damage is not lost


def test_a_stop_before_the_damage_is_no_error(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.mp4", 40, noise=True, movflags="faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert len(list(Video(path, stop=0.5))) == 10


def test_a_file_cut_before_its_index_cannot_be_opened(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(Unreadable, match=r"cut\.mp4.*cut off before its index"):
        list(Video(path))


def test_sound_without_picture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        wave = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        wave.rate = 8000
        container.mux(stream.encode(wave))
    with pytest.raises(Unreadable, match="sound but no picture"):
        list(Video(path))


def test_a_video_with_sound_loses_no_frame(tmp_path: Path) -> None:
    assert len(list(Video(write(tmp_path / "both.mp4", sound=True)))) == 40


def test_a_video_without_frames_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.avi"
    content = write(tmp_path / "one.avi", 1).read_bytes()
    movi = content.index(b"movi")
    path.write_bytes(content[: movi + 4])
    with pytest.raises(Unreadable, match=r"no frame|known format"):
        list(Video(path))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("empty.mp4", b"", "empty"), ("text.mp4", b"no video at all\n" * 50, "known format")],
)
def test_what_is_no_video_is_named(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match=f"{name}.*{said}"):
        list(Video(tmp_path / name))


def test_missing_videos_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no such file"):
        list(Video(tmp_path / "nowhere.mp4"))
    with pytest.raises(Unreadable, match="folder"):
        list(Video(tmp_path))
    with pytest.raises(Unreadable, match="File name too long"):
        list(Video(tmp_path / ("a" * 300)))


def test_a_play_list_cannot_reach_out_of_this_machine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        path = tmp_path / "list.m3u8"
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n")
        with pytest.raises(Unreadable):
            list(Video(path))
        with pytest.raises(TimeoutError):  # nobody called
            server.accept()


def test_frames_over_the_limit_are_refused_with_the_flag(clip: Path) -> None:
    with pytest.raises(Unreadable, match="--max-pixels"):
        list(Video(clip, limit=1000))


def test_what_the_header_calls_too_large_is_refused_before_a_frame_is_decoded(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = write(tmp_path / "wide.mp4", 3, pixel=Fraction(2))
    monkeypatch.setattr(_Stretch, "_images", lambda self: pytest.fail("a frame was decoded"))
    with pytest.raises(Unreadable, match=f"{SIZE[0]} x {SIZE[1]} is .*--max-pixels {SIZE[0] * SIZE[1]}"):
        list(Video(clip, limit=SIZE[0] * SIZE[1] - 1))
    with pytest.raises(Unreadable, match=f"{2 * SIZE[0]} x {SIZE[1]} is"):  # as it would be shown
        list(Video(wide, limit=2 * SIZE[0] * SIZE[1] - 1))


def test_a_frame_larger_than_the_header_said_is_refused_too(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = _Stretch._images
    giant = av.VideoFrame(20 * SIZE[0], SIZE[1], "yuv420p")

    def growing(self: _Stretch):
        for i, image in enumerate(images(self)):
            yield giant if i == 3 else image

    monkeypatch.setattr(_Stretch, "_images", growing)
    seen = []
    with pytest.raises(Unreadable, match=f"{20 * SIZE[0]} x {SIZE[1]} is .*--max-pixels"):
        seen.extend(Video(clip, limit=2 * SIZE[0] * SIZE[1]))
    assert len(seen) == 3


def test_a_file_that_went_away_meanwhile_is_not_called_damaged(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip.read_bytes())
    images = _Stretch._images

    def unplugged(self: _Stretch):
        yield from list(images(self))[:5]
        path.unlink()
        self.cut = True  # as demuxing says of any error

    monkeypatch.setattr(_Stretch, "_images", unplugged)
    with pytest.raises(Unreadable, match="out of reach while it was read; check its drive") as caught:
        list(Video(path))
    assert not isinstance(caught.value, Damaged)


def test_one_frame_that_was_kept_is_one() -> None:
    assert str(Damaged("v.mp4", "cut", 1)).endswith("; 1 frame was kept")
    assert str(Damaged("v.mp4", "cut", 0)).endswith("; 0 frames were kept")


def test_real_clips_give_all_their_frames(data: Path) -> None:
    assert len(list(Video(data / "video" / "single_face.mp4"))) == 72
    times = [f.time for f in Video(data / "video" / "woman_crying_to_laughing.mp4", fps=2)]
    np.testing.assert_allclose(np.diff(times), 0.5, atol=0.05)  # to the nearest frame
