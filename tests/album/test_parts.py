"""Events, pictures' descriptions, dates, captions and fusion, each by what it promises."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mien.album import events, exif, fusion, scene
from mien.album.captions import Words, ensemble
from mien.album.events import Borders
from mien.album.store import Photo, Store
from mien.album.view import ordered, view
from mien.card import Card, Input, Output
from mien.errors import InputError
from mien.heads import embedding
from mien.models import Model
from mien.runtime.fake import Fake
from mien.types import Frame

RNG = np.random.default_rng(4)


def gallery(seed: int, albums: int = 6, noise: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(albums, 20))
    truth = np.repeat(np.arange(albums), rng.integers(6, 15, albums))
    scenes = centres[truth] + noise * rng.normal(size=(len(truth), 20))
    return (scenes / np.linalg.norm(scenes, axis=1, keepdims=True)).astype(np.float32), truth


def test_a_fitted_threshold_finds_the_borders_of_galleries_it_never_saw() -> None:
    train = [gallery(i) for i in range(6)]
    rule = events.fit([g for g, _ in train], [t for _, t in train])
    for seed in range(10, 16):
        scenes, truth = gallery(seed)
        assert events.border_f1(np.diff(truth) != 0, np.diff(rule(scenes)) != 0) > 0.9


def test_a_long_gap_is_a_border_and_a_short_one_never_is() -> None:
    scenes = np.eye(4, dtype=np.float32)[[0, 0, 0, 1, 1, 1]]
    hours = np.array([0, 0.1, 20, 20.1, 20.2, 20.3]) * 3600
    assert Borders()(scenes).tolist() == [0, 0, 0, 1, 1, 1]
    assert Borders()(scenes, hours).tolist() == [0, 0, 1, 1, 1, 1]
    assert Borders()(scenes, np.full(6, math.nan)).tolist() == [0, 0, 0, 1, 1, 1]


def test_where_no_time_tells_another_folder_is_a_border() -> None:
    alike, nan = np.ones((4, 3), np.float32), math.nan
    folders = ["a", "a", "b", "b"]
    assert Borders()(alike, np.array([nan, nan, nan, nan]), folders).tolist() == [0, 0, 1, 1]
    assert Borders()(alike, np.array([0.0, 60, 120, nan]), folders).tolist() == [0, 0, 0, 0]


def test_an_undated_photo_bridges_no_gap_of_years(tmp_path: Path) -> None:
    alike = np.ones(3, np.float32)
    taken = {"a/1": "2019:08:30 10:00:00", "a/2": "", "b/1": "", "b/2": "2021:01:02 10:00:00", "c/1": "", "d/1": ""}
    with Store(tmp_path / "album.sqlite") as store:
        for path, when in taken.items():
            store.add(Photo(path, 0, 0, path, exif.moment(when), alike), [])
        found = [(e.label, [p.path for p in e.photos]) for e in view(store).events]
    assert found == [
        ("2019-08-30", ["a/1", "a/2"]),
        ("2021-01-02", ["b/1", "b/2"]),
        ("c", ["c/1"]),
        ("d", ["d/1"]),
    ]


def test_of_the_steps_that_see_one_border_only_the_highest_counts() -> None:
    steps = np.array([0.1, 0.6, 0.9, 0.7, 0.1, 0.1, 0.8, 0.8], np.float32)
    assert np.flatnonzero(events.peaks(steps, 0.5, 2)).tolist() == [2, 6]
    assert np.flatnonzero(events.peaks(steps, 0.85, 2)).tolist() == [2]
    assert len(events.peaks(steps[:0], 0.5, 2)) == 0


def test_no_photo_and_one_photo_are_no_trouble() -> None:
    assert Borders()(np.zeros((0, 3), np.float32)).tolist() == []
    assert Borders()(np.ones((1, 3), np.float32)).tolist() == [0]


def test_the_step_between_windows_is_the_distance_of_their_means() -> None:
    scenes = RNG.normal(size=(8, 3)).astype(np.float32)
    got = events.dissimilarity(scenes, 3)
    assert got[4] == pytest.approx(np.linalg.norm(scenes[2:5].mean(0) - scenes[5:8].mean(0)), rel=1e-5)
    assert got[0] == pytest.approx(np.linalg.norm(scenes[0] - scenes[1:4].mean(0)), rel=1e-5)


def test_the_released_dissimilarity_leaves_out_classes_that_neither_photo_shows() -> None:
    scores = np.array([[0.6, 0.4, 0.0], [0.2, 0.8, 0.0]], np.float32)
    assert events.chi2_step(scores)[0] == pytest.approx((0.16 / 0.8 + 0.16 / 1.2) / 3)


def test_border_f1_counts_places() -> None:
    truth, found = np.array([1, 0, 1, 0], bool), np.array([1, 1, 0, 0], bool)
    assert events.border_f1(truth, found) == 0.5
    assert events.border_f1(truth & False, truth & False) == 1
    assert events.border_f1(truth, truth) == 1


def test_an_event_refines_its_photos() -> None:
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.0, 1.0]])
    got = events.pooled(scores, np.array([0, 0, 1]), own=0.5)
    np.testing.assert_allclose(got, [[0.775, 0.225], [0.525, 0.475], [0, 1]])


def test_an_event_is_called_by_its_days() -> None:
    day = exif.moment("2020:05:03 23:00:00")
    assert day is not None
    assert events.label(np.array([day, math.nan])) == "2020-05-03"
    assert events.label(np.array([day, day + 7200])) == "2020-05-03 to 2020-05-04"
    assert events.label(np.array([math.nan])) == "undated"
    assert events.label(np.array([math.nan, math.nan]), ["oslo", "oslo"]) == "oslo"
    assert events.label(np.array([math.nan, math.nan]), ["oslo", "rome"]) == "undated"


def test_the_plain_description_tells_pictures_apart_and_hardly_changes_with_size() -> None:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[:150] = (80, 120, 240)
    pixels[150:] = (230, 200, 120)
    beach = scene.plain(Frame(pixels))
    small = scene.plain(Frame(np.asarray(Image.fromarray(pixels).resize((200, 150)))))
    forest = scene.plain(Frame(RNG.integers(0, 120, (300, 400, 3), np.uint8)))
    assert np.linalg.norm(beach) == pytest.approx(1, abs=1e-5)
    assert np.linalg.norm(beach - small) < 0.3 < np.linalg.norm(beach - forest)


def test_a_network_with_an_embedding_describes_and_another_is_refused() -> None:
    card = Card("own", "own.onnx", "MIT", Input(32), (Output("embedding8", "e", 0, 8),))
    frame = Frame(RNG.integers(0, 255, (40, 60, 3), np.uint8))
    vector = scene.of_model(Model(card, Fake.of(card), frozenset({embedding(8)})))(frame)
    assert vector.shape == (8,)
    assert np.linalg.norm(scene.both(scene.plain, lambda f: vector)(frame)) == pytest.approx(1, abs=1e-5)
    blind = Card("blind", "b.onnx", "MIT", Input(32), (Output("expression", "e", 0, 8),))
    with pytest.raises(InputError, match="no embedding output"):
        scene.of_model(Model(blind, Fake.of(blind), frozenset()))


@pytest.mark.parametrize("words", ["0000:00:00 00:00:00", "yesterday", "", "2020:13:01 00:00:00"])
def test_a_clock_that_was_never_set_tells_no_time(words: str) -> None:
    assert exif.moment(words) is None


def test_the_time_taken_is_the_cameras_and_never_the_files(tmp_path: Path, made: SimpleNamespace) -> None:
    dated = made.paint(tmp_path / "a.jpg", ["red"], taken="2019:07:02 12:00:00")
    taken = exif.taken(dated)
    assert taken is not None
    assert exif.year(taken) == pytest.approx(2019.5, abs=0.01)
    assert exif.taken(made.paint(tmp_path / "b.jpg", ["red"])) is None
    assert exif.taken(tmp_path / "none.jpg") is None


def test_a_heic_photo_tells_when_it_was_taken(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="HEIC needs pillow-heif")
    notes = Image.Exif()
    notes.get_ifd(0x8769)[0x9003] = "2019:07:02 12:00:00"
    for name in ("p.heic", "sent.jpg"):  # phones and messengers give it any ending
        file = BytesIO()
        heif.from_pillow(Image.new("RGB", (64, 64))).save(file, exif=notes.tobytes())
        (tmp_path / name).write_bytes(file.getvalue())
        assert exif.taken(tmp_path / name) == exif.moment("2019:07:02 12:00:00")


def test_a_photo_that_pillow_thinks_too_large_tells_when_it_was_taken(
    tmp_path: Path, made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = made.paint(tmp_path / "p.jpg", ["red"], taken="2019:07:02 12:00:00")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert exif.taken(photo) == exif.moment("2019:07:02 12:00:00")


def test_photos_without_a_date_stay_by_their_neighbour_in_their_folder_or_come_last() -> None:
    taken = {"x/p1": 50.0, "x/p2": None, "x/p10": 90.0, "y/p1": None, "z/p0": None, "z/p1": 60.0}
    photos = [Photo(path, 0, 0, "", t, None, id=i) for i, (path, t) in enumerate(taken.items())]
    assert [p.path for p in ordered(photos[::-1])] == ["x/p1", "x/p2", "z/p0", "z/p1", "x/p10", "y/p1"]


def test_birth_years_are_medians_and_a_wild_guess_moves_nothing() -> None:
    def at(year: int) -> float:
        return exif.moment(f"{year}:07:02 12:00:00") or 0.0

    assert fusion.birth_year([(30, at(2019)), (31, at(2020)), (90, at(2019))]) == 1989
    assert fusion.birth_year([]) is None
    for when in ("2019:01:01 00:00:01", "2019:12:31 23:00:00"):  # thirty in 2019: born 1988 or 1989
        assert fusion.birth_year([(30, exif.moment(when) or 0.0)]) in (1988, 1989)


def test_gender_rules_agree_on_the_clear_and_are_what_they_say_on_the_unclear() -> None:
    for rule in fusion.RULES.values():
        assert rule([0.9, 0.8, 0.95]) == 1
        assert rule([0.1, 0.2, 0.4]) == 0
    assert fusion.median([0.55] * 3) == 0  # published: male from 0.6 on
    assert fusion.geometric([0.55] * 3) == 1
    assert fusion.geometric([0.6, 0.6, 0.001]) == 0  # one sure voice outweighs two unsure ones
    assert fusion.gender([]) is None


def test_beliefs_are_the_published_product_for_two_classes() -> None:
    g = 0.7
    s = np.array([g, 1 - g])
    near = np.array([1 / (1 + np.linalg.norm(t - s)) for t in (fusion.MALE, fusion.FEMALE)])
    near /= near.sum()
    belief = [near[i] * (1 - near[1 - i]) / (1 - near[i] * (1 - (1 - near[1 - i]))) for i in (0, 1)]
    assert fusion.dempster_shafer([g]) == float(belief[0] >= belief[1])


def test_captions_become_bags_of_the_words_that_were_frequent_in_training() -> None:
    words = Words.of(["A cake and a child", "the cake", "child on a beach"], least=2)
    assert words.known == ("a", "cake", "child")
    assert words(["Cake, cake and sea", ""]).tolist() == [[0, 1, 0], [0, 0, 0]]


def test_an_ensemble_lies_between_its_members_and_takes_one_shape_only() -> None:
    a, b = RNG.random((2, 3)).astype("f4"), RNG.random((2, 3)).astype("f4")
    np.testing.assert_allclose(ensemble(a, b, 0.25), 0.25 * a + 0.75 * b, atol=1e-6)
    with pytest.raises(InputError, match="one shape"):
        ensemble(a, b[:1], 0.5)
