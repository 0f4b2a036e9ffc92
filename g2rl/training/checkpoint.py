"""The checkpoint of a training: all state after its last whole epoch, taken up by the next run."""

import hashlib
import io
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from g2rl.config.training import Settings
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.io.atomic import atomic_path
from g2rl.training.history import Row

log = logging.getLogger(__name__)


class Checkpoint:
    """The file of one training's checkpoint; without a path there is none, and nothing is kept.

    Args:
        key: what it belongs to, see ``checkpoint_key``.
        parts: model, optimizer and the like, whose states it keeps beside the history.
    """

    def __init__(self, path: Path | None, key: str, parts: Mapping[str, Any]):
        self.path, self.key, self.parts = path, key, parts

    def resume(self) -> list[Row]:
        """Give every part its saved state and return the history so far; [] where there is no checkpoint, or
        one (warned of) that is damaged or was saved under another key."""
        if self.path is None or not self.path.exists():
            return []
        content = self.path.read_bytes()
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            log.warning("%s: a damaged checkpoint: starting afresh", self.path)
            return []
        # Into the CPU's memory: the device holds the parts already, and may not hold their states as well.
        state = torch.load(io.BytesIO(content[32:]), map_location="cpu", weights_only=True)
        if state["key"] != self.key:
            log.warning("%s: of other settings, data or code: starting afresh", self.path)
            return []
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
            for group in getattr(part, "param_groups", []):  # an optimizer moves its state, but no rates
                if isinstance(group["lr"], Tensor):
                    group["lr"] = group["lr"].to(group["params"][0].device)
        for row in state["history"][1:]:  # Snakemake deletes the log of a job that it starts again
            log.info("epoch %d, before the interruption: loss %.4g", row["epoch"], row["loss"])
        log.info("resuming after epoch %d", len(state["history"]) - 1)
        return state["history"]

    def save(self, history: Sequence[Row]) -> None:
        """All state, atomically, behind its SHA-256: torch takes damaged tensors as they are."""
        if self.path is None:
            return
        state = {"key": self.key, "history": list(history)}
        content = io.BytesIO()
        torch.save(state | {name: part.state_dict() for name, part in self.parts.items()}, content)
        with atomic_path(self.path) as temporary, open(temporary, "wb") as stream:
            stream.write(hashlib.sha256(content.getbuffer()).digest())
            stream.write(content.getbuffer())

    def remove(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def checkpoint_key(
    settings: Settings,
    sequences: Sequence[AlignedSequence],
    pretrained: dict[str, Tensor] | None,
    code: dict[str, str],
) -> str:
    """What a checkpoint belongs to: settings, the frames themselves, the first weights, and the code."""
    digest = hashlib.sha256(json.dumps([asdict(settings), code], sort_keys=True).encode())
    for sequence in sequences:
        for array in (sequence.jpeg, sequence.landmarks, sequence.intensity):
            digest.update(np.ascontiguousarray(array).data)
    for name, value in sorted((pretrained or {}).items()):
        digest.update(name.encode() + value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
