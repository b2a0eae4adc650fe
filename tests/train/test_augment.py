"""Faces laid over each other carry labels mixed alike; tints change colours, not light."""

from __future__ import annotations

import torch

from mien.train import augment


def mixed(seed: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Ten faces whose every pixel is their number, as is their label; the first and the last three are not mixed."""
    number = torch.arange(10, dtype=torch.float32)
    batch = number.reshape(10, 1, 1, 1).expand(10, 1, 4, 4).clone()
    targets = {"expression": number[:, None].repeat(1, 8), "identity": number[:, None].repeat(1, 128)}
    augment.mix(batch, targets, slice(1, 7), torch.Generator().manual_seed(seed))
    return batch, targets


def test_labels_mix_in_the_share_of_the_pixels_and_the_rest_stays() -> None:
    changed = 0
    for seed in range(5):
        batch, targets = mixed(seed)
        assert torch.equal(batch[:, 0, 0, 0], targets["expression"][:, 0])
        assert torch.equal(batch[7:, 0, 0, 0], torch.arange(7.0, 10.0)) and not batch[0].any()
        assert batch[1:7].min() >= 1, "the first is no partner either"
        changed += int((batch[1:7, 0, 0, 0] != torch.arange(1.0, 7.0)).sum())
    assert changed > 10


def test_the_first_face_keeps_most_of_the_picture_and_a_well_mixed_one_has_no_identity() -> None:
    seen, lost = [], 0
    for seed in range(50):
        batch, targets = mixed(seed)
        seen.append((batch[1:7, 0, 0, 0] - torch.arange(1.0, 7.0)).abs() / 5)
        lost += int(targets["identity"][1:7].isnan().all(1).sum())
        assert not targets["identity"][7:].isnan().any() and not targets["identity"][0].isnan().any()
    assert torch.stack(seen).max() <= 0.4
    assert 0 < lost < 300


def test_a_tint_greys_where_told_and_else_leaves_some_colour() -> None:
    images = torch.rand(40, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    greyed = torch.arange(40) < 20
    tinted = augment.tint(images, greyed, torch.Generator().manual_seed(1))
    apart = (tinted.max(1).values - tinted.min(1).values).amax((1, 2))
    assert apart[:20].max() < 1e-6 and apart[20:].min() > 0.1
    torch.testing.assert_close(tinted[:20].mean(1), images[:20].mean(1))
    assert not torch.allclose(tinted[20:], images[20:], atol=0.05)
    lit = augment.tint(torch.full((40, 3, 8, 8), 0.5), greyed, torch.Generator().manual_seed(1))
    assert lit[:20].std() < 1e-6 and lit[20:].std(1).amax() > 0.05, "a coloured lamp colours what is grey"


def test_faces_of_three_channels_change_as_their_grey_does() -> None:
    grey = torch.rand(6, 1, 72, 72, generator=torch.Generator().manual_seed(0))
    flips, strength = torch.arange(6) < 3, augment.Strength(hide=0.0)
    one = augment.warp(grey, flips, 64, strength, torch.Generator().manual_seed(2))
    three = augment.warp(grey.expand(-1, 3, -1, -1), flips, 64, strength, torch.Generator().manual_seed(2))
    torch.testing.assert_close(three, one.expand(-1, 3, -1, -1))
    assert augment.changed(grey.repeat(1, 3, 1, 1), flips, 64, strength, torch.Generator()).shape == (6, 3, 64, 64)
