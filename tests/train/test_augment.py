"""Faces laid over each other carry labels mixed alike."""

from __future__ import annotations

import torch

from mien.train import augment


def mixed(seed: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Ten faces whose every pixel is their number, as is their label; the last four are not to be mixed."""
    number = torch.arange(10, dtype=torch.float32)
    batch = number.reshape(10, 1, 1, 1).expand(10, 1, 4, 4).clone()
    targets = {"expression": number[:, None].repeat(1, 8), "identity": number[:, None].repeat(1, 128)}
    augment.mix(batch, targets, 6, torch.Generator().manual_seed(seed))
    return batch, targets


def test_labels_mix_in_the_share_of_the_pixels_and_the_rest_stays() -> None:
    changed = 0
    for seed in range(5):
        batch, targets = mixed(seed)
        assert torch.equal(batch[:, 0, 0, 0], targets["expression"][:, 0])
        assert torch.equal(batch[6:, 0, 0, 0], torch.arange(6.0, 10.0))
        changed += int((batch[:6, 0, 0, 0] != torch.arange(6.0)).sum())
    assert changed > 10


def test_the_first_face_keeps_most_of_the_picture_and_a_well_mixed_one_has_no_identity() -> None:
    seen, lost = [], 0
    for seed in range(50):
        batch, targets = mixed(seed)
        seen.append((batch[:6, 0, 0, 0] - torch.arange(6.0)).abs() / 5)
        lost += int(targets["identity"][:6].isnan().all(1).sum())
        assert not targets["identity"][6:].isnan().any()
    assert torch.stack(seen).max() <= 0.4
    assert 0 < lost < 300
