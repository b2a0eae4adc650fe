"""Pictures: the same for the same latent, and labels that say what they show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.synth.assets import Assets
from mien.synth.face import UNITS, Latent, person
from mien.synth.render import render

EYE_LEFT, EYE_RIGHT, NOSE, MOUTH_LEFT, MOUTH_RIGHT = range(5)


@pytest.fixture
def plain() -> Latent:
    """A shaved person at rest, facing the camera, in a clean picture."""
    who = replace(person(np.random.default_rng(3), 3), hair="shaved", identity=(0.0,) * 100, beard="none")
    return Latent(who, grade=0.0, seed=5)


def _with(latent: Latent, **strengths: float) -> Latent:
    both = tuple(strengths.items())
    return replace(latent, left=both, right=both)


def test_the_same_latent_gives_the_same_picture(head: Assets, plain: Latent) -> None:
    noisy = replace(plain, grade=1.0, glasses="thin", headwear="hat", cover="hand")
    first, again = render(head, noisy, 64), render(head, noisy, 64)
    assert (first.image == again.image).all()
    assert (first.points == again.points).all()


def test_another_seed_gives_another_background(egg: Assets, plain: Latent) -> None:
    first, other = render(egg, plain, 64), render(egg, replace(plain, seed=6), 64)
    assert (first.image[:8, :8] != other.image[:8, :8]).any()
    assert (first.points == other.points).all()


def test_the_box_holds_the_points_and_has_the_asked_height(head: Assets, plain: Latent) -> None:
    face = render(head, plain, 112)
    x, y, w, h = face.box
    assert (face.points > (x, y)).all()
    assert (face.points < (x + w, y + h)).all()
    assert h == pytest.approx(plain.fill * 112, abs=0.5)


def test_a_smile_raises_and_widens_the_mouth_corners(head: Assets, plain: Latent) -> None:
    rest, smile = render(head, plain, 112), render(head, _with(plain, AU12=1.0), 112)
    for corner in (MOUTH_LEFT, MOUTH_RIGHT):
        assert smile.points[corner, 1] < rest.points[corner, 1] - 1
    assert np.ptp(smile.points[3:, 0]) > np.ptp(rest.points[3:, 0]) + 2
    assert smile.aus[UNITS.index("AU12")] == 1


def test_a_dropped_jaw_parts_the_lips(head: Assets, plain: Latent) -> None:
    rest, dropped = render(head, plain, 112).aus, render(head, _with(plain, AU26=1.0), 112).aus
    assert rest[UNITS.index("AU25")] < 0.1
    assert dropped[UNITS.index("AU25")] > 0.6
    assert dropped[UNITS.index("AU26")] == 1


@pytest.mark.parametrize("yaw", [-60, -30, 0, 30, 60])
def test_the_eye_left_in_the_image_comes_first(head: Assets, plain: Latent, yaw: float) -> None:
    points = render(head, replace(plain, pose=(yaw, 0, 0)), 112).points
    assert points[EYE_LEFT, 0] < points[EYE_RIGHT, 0]
    assert points[MOUTH_LEFT, 0] < points[MOUTH_RIGHT, 0]


def test_yaw_turns_the_nose_to_the_right_and_pitch_lifts_it(head: Assets, plain: Latent) -> None:
    def nose(pose: tuple[float, float, float]) -> np.ndarray:
        points = render(head, replace(plain, pose=pose), 112).points
        return points[NOSE] - points[[EYE_LEFT, EYE_RIGHT, MOUTH_LEFT, MOUTH_RIGHT]].mean(0)

    ahead = nose((0, 0, 0))
    assert nose((30, 0, 0))[0] > ahead[0] + 3 > nose((-30, 0, 0))[0] + 6
    assert nose((0, 25, 0))[1] < ahead[1] - 2


def test_roll_turns_clockwise(head: Assets, plain: Latent) -> None:
    points = render(head, replace(plain, pose=(0, 0, 20)), 112).points
    across, down = points[EYE_RIGHT] - points[EYE_LEFT]
    assert np.degrees(np.arctan2(down, across)) == pytest.approx(20, abs=1.5)


def test_alpha_is_full_on_the_face_and_none_in_the_upper_corners(head: Assets, plain: Latent) -> None:
    face = render(head, plain, 112)
    x, y = face.points[NOSE].round().astype(int)
    assert face.alpha[y, x] == 255
    assert face.alpha[:5, :5].max() == 0
    assert face.alpha[:5, -5:].max() == 0


def test_where_alpha_is_none_the_background_shows(egg: Assets, plain: Latent) -> None:
    ground = np.full((112, 112, 3), 0.5, np.float32)
    face = render(egg, plain, 112, ground)
    empty = face.image[face.alpha == 0].astype(int)
    assert np.ptp(empty, axis=0).max() == 0


def test_darker_skin_is_darker(head: Assets, plain: Latent) -> None:
    pale, dark = (replace(plain, person=replace(plain.person, melanin=m)) for m in (0.05, 0.95))
    x, y = render(head, plain, 112).points[NOSE].round().astype(int)
    window = np.s_[y - 3 : y + 3, x - 3 : x + 3]
    assert render(head, pale, 112).image[window].mean() > render(head, dark, 112).image[window].mean() + 40


def test_sunglasses_hide_where_the_eyes_look(head: Assets, plain: Latent) -> None:
    def change(glasses: str) -> float:
        left, right = (render(head, replace(plain, glasses=glasses, gaze=(x, 0)), 112) for x in (-25.0, 25.0))
        x, y = left.points[EYE_LEFT].round().astype(int)
        window = np.s_[y - 3 : y + 4, x - 5 : x + 6]
        return float(np.abs(left.image[window].astype(int) - right.image[window]).mean())

    assert change("sun") < 0.5 * change("none")


def test_a_frown_draws_dark_lines_between_the_brows(head: Assets, plain: Latent) -> None:
    who = replace(plain.person, age=0.8)
    rest, frown = (
        render(head, replace(plain, person=who), 150),
        render(head, _with(replace(plain, person=who), AU04=1.0), 150),
    )
    x, y = ((rest.points[EYE_LEFT] + rest.points[EYE_RIGHT]) / 2).astype(int)
    step = int(np.ptp(rest.points[:2, 0]) / 4)
    window = np.s_[y - 2 * step : y, x - step : x + step]
    change = frown.image[window].astype(float).mean(-1) - rest.image[window].astype(float).mean(-1)
    assert np.percentile(change, 2) < -15


def test_portraits_may_be_wide(egg: Assets, plain: Latent) -> None:
    face = render(egg, plain, (90, 160))
    assert face.image.shape == (90, 160, 3)
    assert face.points[:, 0].mean() == pytest.approx(80, abs=2)
