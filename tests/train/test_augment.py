"""Faces laid over each other carry labels mixed alike."""

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
