"""The memory and time that one job asks a scheduler for, by the size of its data."""

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from g2rl.config.schema import Config
from g2rl.errors import InputError
from g2rl.io.tables import read_tsv
from g2rl.workflow.manifest import DatasetManifest

GPU = "NVIDIA H100 80GB HBM3"  # the one whose rates are known
# Bytes, measured: landmarks per frame (points, box, score); a stored face (JPEG, points); a value in a CSV.
LANDMARK_BYTES, FACE_BYTES, VALUE_BYTES = 590, 23_000, 5
# Seconds until a job's own work begins: Snakemake, Python, the modules and data it loads.
START = {"landmarks": 3, "align": 2, "train": 20, "test": 12}
# MB of a job with next to no data: Python, its modules; for networks torch, CUDA's host side, some faces.
BASE = {"landmarks": 1000, "align": 600, "image_free": 700, "test": 3000, "train": 4000}
# What a training on a CPU keeps of each pixel of a batch for the way back: measured, ResNet-50 at 256 pixels.
ACTIVATION_BYTES = 2700
POINT_BYTES = 68 * 2 * 4  # landmarks of a face
SLOWEST = 10  # times slower than the machines that the rates were measured on, and still within the time


@dataclass(frozen=True)
class Need:
    """What one job asks a scheduler for at its first attempt: memory in MB, time in minutes."""

    megabytes: int
    minutes: int


def sequence_need(stage: str, plan: DatasetManifest, sequence: str) -> Need:
    """Of ``landmarks`` or ``align`` on one sequence: faces are kept till they are written, then once more."""
    bytes_ = plan.lengths[sequence] * (2 * FACE_BYTES if stage == "align" else 2 * LANDMARK_BYTES)
    return _need(stage, bytes_, sequence_seconds(stage, plan, sequence))


def sequence_seconds(stage: str, plan: DatasetManifest, sequence: str) -> float:
    """Of ``landmarks`` or ``align`` on one sequence, at the measured rate."""
    return plan.lengths[sequence] / read_rates()[stage, plan.layout.rate_class, "core"]


def image_free_need(plan: DatasetManifest) -> Need:
    """Of a ridge on the landmarks of a fold: whole aligned sequences, and several copies of their points."""
    frames = sum(plan.lengths.values())
    return _need("image_free", frames * (FACE_BYTES + 8 * 2 * POINT_BYTES), frames / 1000)


def network_need(stage: str, config: Config, plan: DatasetManifest, fold: int) -> Need:
    """Of ``train`` or ``test`` of one fold.

    A training holds its aligned sequences and their faces joined, the pixels of the longest sequence, and
    without a GPU those of all faces and a ResNet-50's activations; a test its aligned sequences.
    """
    settings, compute = config.training, config.compute
    lengths = [plan.lengths[name] for name in (plan.train if stage == "train" else plan.test)(fold)]
    frames, pixels = sum(lengths), settings.image_size**2 * 3
    held = (2 * frames * FACE_BYTES + max(lengths) * pixels) if stage == "train" else frames * FACE_BYTES
    bytes_ = held + 2 * frames * POINT_BYTES
    if stage == "train" and not compute.gpu:
        bytes_ += (
            frames * pixels + min(settings.batch_size, frames) * settings.image_size**2 * ACTIVATION_BYTES
        )
    # Of a backbone that is not known here: ten hours, as a queue often allows.
    return _need(stage, bytes_, network_seconds(stage, config, plan, fold, guess=True) or 3600)


def network_seconds(
    stage: str, config: Config, plan: DatasetManifest, fold: int, guess: bool = False
) -> float | None:
    """Of ``train`` or ``test`` of one fold, at the measured rate; None: none was measured.

    Args:
        guess: where none was measured, from the floating-point operations of the backbone.
    """
    device = GPU if config.compute.gpu else "core"
    rate = _training_rate(read_rates(), config, device)
    if guess and rate is None:
        rate = _guessed_rate(config, device)
    if rate and not config.compute.gpu:
        rate *= config.compute.threads
    names = plan.train(fold) if stage == "train" else plan.test(fold)
    images = sum(map(plan.lengths.__getitem__, names)) * (config.training.epochs if stage == "train" else 1)
    return images / rate if rate else None


def _guessed_rate(config: Config, device: str) -> float | None:
    """As fast, per operation, as the measured ResNet-50; None of a backbone that timm does not have."""
    from g2rl.network.flops import forward_flops  # here: torch takes seconds, and no other plan needs it

    known, settings = "resnet50.tv_in1k", config.training
    try:
        ours = forward_flops(settings.backbone, settings.stride, settings.image_size)
    except InputError:
        return None
    return read_rates()["train", f"{known} 256", device] * forward_flops(known, 32, 256) / ours


def _need(stage: str, bytes_: int, seconds: float) -> Need:
    return Need(BASE[stage] + math.ceil(bytes_ / 1e6), 10 + math.ceil(SLOWEST * seconds / 60))


@functools.cache
def read_rates() -> dict[tuple[str, str, str], float]:
    """Frames or images a second by stage, what, and device; the table names where each was measured."""
    rows = read_tsv(
        Path(str(files("g2rl"))) / "resources/rates.tsv", ("stage", "what", "device", "per_second")
    )
    return {(row["stage"], row["what"], row["device"]): float(row["per_second"]) for _, row in rows}


def _training_rate(rates: Mapping[tuple[str, str, str], float], config: Config, device: str) -> float | None:
    """Of the same backbone; at another image size, as its pixels."""
    settings = config.training
    for (stage, what, where), rate in rates.items():
        backbone, _, size = what.rpartition(" ")
        if (stage, backbone, where) == ("train", settings.backbone, device):
            return rate * (int(size) / settings.image_size) ** 2
    return None
