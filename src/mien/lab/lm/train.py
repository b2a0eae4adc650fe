"""Truncated back-propagation with carried state, in stages, resumable at any moment."""

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from mien.errors import DeviceError, InputError
from mien.lab.lm.corpus import EOS, Corpus, columns
from mien.lab.lm.gradual import Pruner
from mien.lab.lm.loss import answers, perplexity, training_loss
from mien.lab.lm.models import LanguageModel, State, detach

Optimizer = Literal["sgd", "adam"]
SAVE_EVERY = 120.0  # seconds: what a crash costs at most, while saving itself stays below 1 % of the time
VALID_STREAMS = 10  # a validation between epochs may read ten texts side by side; reported numbers use one


@dataclass(frozen=True, slots=True)
class Stage:
    """One schedule: `rate` holds for `hold` epochs, then shrinks by `decay` each epoch; `patience` epochs without a
    better validation end the stage. The rate counts per step of text (`steps` words), as Zaremba's does."""

    optimizer: Optimizer
    rate: float
    epochs: int
    hold: int
    decay: float
    clip: float = 5.0
    batch: int = 20
    steps: int = 20
    dropout: float = 0.0
    patience: int = 4
    teach: float = 0.0

    def rate_at(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        return self.rate * self.decay ** max(0, epoch + 1 - self.hold)


@dataclass(slots=True)
class Progress:
    """How far a training has come; together with weights, optimiser, state and dice it is a checkpoint."""

    stage: int = 0
    epoch: int = 0
    row: int = 0
    loss: float = 0.0
    best: float = math.inf
    waited: int = 0
    seconds: float = 0.0  # of the processor: waiting for other programs costs nothing
    history: list[tuple[float, float]] = field(default_factory=list)


class Training:
    """A model on its way through the stages; `run` may be called again and again until it says it is done."""

    def __init__(
        self,
        model: LanguageModel,
        corpus: Corpus,
        stages: Sequence[Stage],
        file: Path,
        *,
        teacher: LanguageModel | None = None,
        pruner: Pruner | None = None,
        recipe: str = "",
        seed: int = 0,
        device: str = "cpu",
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.device = _device(device)
        self.model, self.corpus, self.stages, self.file = model.to(self.device), corpus, stages, file
        self.teacher, self.recipe, self.log = teacher.to(self.device) if teacher else None, recipe, log
        if pruner:
            if stages[0].optimizer != "adam":
                raise InputError(f"pruning while training needs Adam in the first stage, got {stages[0].optimizer}")
            pruner.hold()  # now that the weights are on the device
        self.pruner = pruner
        self.progress = Progress()
        self.masks = [] if pruner else zero_masks(model)
        self.best = _copy(model)
        self.state: State = ()
        self.taught: State = ()
        torch.manual_seed(seed)
        self._enter_stage()
        if file.exists():
            self._load()

    @property
    def done(self) -> bool:
        """Whether every stage has ended; the model then holds the weights that were best in validation."""
        return self.progress.stage >= len(self.stages)

    def run(self, minutes: float = math.inf) -> bool:
        """Train until done or until the minutes are over; the checkpoint is written either way."""
        start = saved = time.monotonic()
        before = self.progress.seconds - time.process_time()
        while not self.done and time.monotonic() - start < minutes * 60:
            self._step()
            self.progress.seconds = before + time.process_time()
            if time.monotonic() - saved > SAVE_EVERY:
                self._save()
                saved = time.monotonic()
        if self.done:
            self.model.load_state_dict(self.best)
        self._save()
        return self.done

    def _enter_stage(self) -> None:
        if self.done:
            return
        stage = self.stages[self.progress.stage]
        self.model.drop.p = stage.dropout
        kind = torch.optim.SGD if stage.optimizer == "sgd" else torch.optim.Adam
        self.optimizer = kind(self.model.parameters(), stage.rate, fused=True)
        text = columns(self.corpus.train, stage.batch, self.corpus.vocabulary.index[EOS])
        self.inputs, self.targets = (part.to(self.device) for part in text)
        self._rewind()

    def _rewind(self) -> None:
        batch = self.stages[self.progress.stage].batch
        self.progress.row, self.progress.loss = 0, 0.0
        self.state = self.model.zero(batch)
        self.taught = self.teacher.zero(batch) if self.teacher else ()

    def _step(self) -> None:
        stage, progress = self.stages[self.progress.stage], self.progress
        rows = slice(progress.row, progress.row + stage.steps)
        inputs, targets = self.inputs[rows], self.targets[rows].flatten()
        self.model.train()
        x, state = self.model.features(inputs, self.state)
        loss = training_loss(x.flatten(0, 1), self.model.output, targets, self._answers(inputs), stage.teach)
        self.optimizer.zero_grad()
        (loss * len(inputs)).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), stage.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = stage.rate_at(progress.epoch)
        progress.row += stage.steps
        self._update((progress.epoch + min(progress.row / len(self.inputs), 1)) / stage.epochs)
        for weight, mask in self.masks:
            weight.data.mul_(mask)
        self.state = detach(state)
        progress.loss += loss.item() * len(targets)
        if progress.row >= len(self.inputs):
            self._end_epoch()

    def _settle(self) -> None:
        # Pruning is over with the first stage.
        if self.pruner:
            self.pruner, self.masks = None, zero_masks(self.model)

    def _update(self, done: float) -> None:
        if self.pruner and isinstance(self.optimizer, torch.optim.Adam):
            self.pruner.step(self.optimizer, done)
        else:
            self.optimizer.step()

    @torch.no_grad()
    def _answers(self, inputs: Tensor) -> Tensor | None:
        if self.teacher is None or not self.stages[self.progress.stage].teach:
            return None
        self.teacher.eval()
        x, self.taught = self.teacher.features(inputs, self.taught)
        return answers(self.teacher, x.flatten(0, 1))

    def _end_epoch(self) -> None:
        progress, stage = self.progress, self.stages[self.progress.stage]
        train = math.exp(min(progress.loss / self.targets.numel(), 700.0))
        streams = min(VALID_STREAMS, len(self.corpus.valid))
        valid = perplexity(self.model, self.corpus.valid, self.corpus.vocabulary, streams)
        progress.history.append((train, valid))
        reached = f"train {train:.2f} valid {valid:.2f} rate {stage.rate_at(progress.epoch):.4g}"
        self.log(f"stage {progress.stage + 1} epoch {progress.epoch + 1}: {reached} after {progress.seconds:.0f} s")
        progress.epoch += 1
        progress.waited += 1
        if self.pruner and not self.pruner.settled:
            progress.waited = 0  # what is pruned less is no better
        elif valid < progress.best:
            progress.best, progress.waited, self.best = valid, 0, _copy(self.model)
        if progress.epoch >= stage.epochs or progress.waited >= stage.patience:
            self.model.load_state_dict(self.best)
            progress.stage, progress.epoch, progress.waited = progress.stage + 1, 0, 0
            self._settle()
            self._enter_stage()
        else:
            self._rewind()
        if self.progress.stage < len(self.stages):
            self._save()

    def _save(self) -> None:
        content = {
            "digest": self.corpus.digest,
            "recipe": self.recipe,
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "pruner": self.pruner.memory() if self.pruner else None,
            "state": self.state,
            "taught": self.taught,
            "dice": torch.get_rng_state(),
            "device_dice": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        partial = self.file.with_suffix(".partial")
        torch.save(content, partial)
        os.replace(partial, self.file)  # noqa: PTH105 - the rename is what makes an interrupted save harmless

    def _load(self) -> None:
        try:
            content = torch.load(self.file, map_location=self.device, weights_only=True)
            if content["digest"] != self.corpus.digest:
                raise InputError(f"{self.file} was trained on another text; give that text, or another folder")
            if content.get("recipe", self.recipe) != self.recipe:  # older checkpoints do not tell
                raise InputError(f"{self.file} is of another recipe or base; delete it, or take another name")
            self.progress = Progress(**content["progress"])
            self._enter_stage()
            self.progress = Progress(**content["progress"])
            self.model.load_state_dict(content["model"])
            self.best, self.state, self.taught = content["best"], content["state"], content["taught"]
            if self.pruner and (memory := content["pruner"]):
                self.pruner.remember(memory)
            else:
                self._settle()
            if not self.done:
                self.optimizer.load_state_dict(content["optimizer"])
            torch.set_rng_state(content["dice"].cpu())
            if self.device.type == "cuda" and (dice := content["device_dice"]) is not None:
                torch.cuda.set_rng_state(dice.cpu(), self.device)
        except InputError:
            raise
        except Exception as error:  # torch names a damaged file in a dozen ways
            raise InputError(f"{self.file} does not fit this training ({error}); delete it to start anew") from error


def zero_masks(model: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Matrices that hold zeros, each with where it does not: pruned weights stay zero while the others are trained."""
    return [(weight, weight != 0) for weight in model.parameters() if weight.dim() > 1 and bool((weight == 0).any())]


def _device(name: str) -> torch.device:
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # torch raises either, by how it was built
        raise DeviceError(f"no device {name!r} here ({error}); without --device the processor trains") from error


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}
