"""TODO: one line."""

import hashlib
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim import lr_scheduler

from g2rl.config.training import Settings
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.io.atomic import atomic_path
from g2rl.network.model import G2RL


def checkpoint_key(
    settings: Settings,
    shards: Sequence[AlignedSequence],
    pretrained: dict[str, Tensor] | None,
    code: dict[str, str],
) -> str:
    """What a checkpoint belongs to: settings, the frames themselves, the first weights, and the code."""
    digest = hashlib.sha256(json.dumps([asdict(settings), code], sort_keys=True).encode())
    for shard in shards:
        for array in (shard.jpeg, shard.landmarks, shard.intensity):
            digest.update(np.ascontiguousarray(array))
    for name, value in sorted((pretrained or {}).items()):
        digest.update(name.encode() + value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def save_checkpoint(
    path: Path,
    key: str,
    model: G2RL,
    optimizer: torch.optim.Optimizer,
    schedule: lr_scheduler.LRScheduler,
    history: list,
) -> None:
    """All state after an epoch, atomically, behind its SHA-256: torch takes damaged tensors as they are."""
    parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
    state = {"key": key, "history": history, **{name: part.state_dict() for name, part in parts.items()}}
    content = io.BytesIO()
    torch.save(state, content)
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        stream.write(hashlib.sha256(content.getbuffer()).digest())
        stream.write(content.getbuffer())


def load_checkpoint(path: Path, key: str, device: torch.device) -> dict | None:
    """The state saved under ``key``; None, with a line on stderr, where it is another's or cannot be read."""
    if not path.exists():
        return None
    content = path.read_bytes()
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        print(f"{path}: a damaged checkpoint: starting afresh", file=sys.stderr)
        return None
    state = torch.load(io.BytesIO(content[32:]), map_location=device, weights_only=True)
    if state["key"] != key:
        print(f"{path}: of other settings, data or code: starting afresh", file=sys.stderr)
        return None
    return state
