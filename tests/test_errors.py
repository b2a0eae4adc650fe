"""Errors cross to other processes and back."""

from __future__ import annotations

import pickle

import pytest

from mien.errors import InputError, MienError, MissingExtra, Unreadable
from mien.io.video import Damaged


@pytest.mark.parametrize(
    "error",
    [
        InputError("wanted one"),
        Unreadable("a.jpg", "no photo"),
        Damaged("a.mp4", "it breaks off", 1),
        MissingExtra("timm", "train"),
    ],
)
def test_an_error_is_the_same_in_another_process(error: MienError) -> None:
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is type(error)
    assert (str(there), there.__dict__) == (str(error), error.__dict__)
