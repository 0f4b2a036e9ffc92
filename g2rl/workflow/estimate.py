"""What a configuration will take, estimated before it runs: jobs, images, hours, disk (``g2rl estimate``)."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.config.runs import runs, used_centres
from g2rl.config.schema import Config
from g2rl.errors import InputError
from g2rl.io.markdown import columns
from g2rl.workflow.manifest import DatasetManifest, load_manifests
from g2rl.workflow.resources import (
    FACE_BYTES,
    GPU,
    LANDMARK_BYTES,
    START,
    VALUE_BYTES,
    _training_rate,
    read_rates,
)


@dataclass(frozen=True)
class Data:
    """How much there is of one dataset: frames in its media, coded frames of each sequence that are used."""

    plan: DatasetManifest
    frames: int
    coded: Mapping[str, int]

    def total(self, sequences: list[str]) -> int:
        return sum(self.coded[sequence] for sequence in sequences)


@dataclass(frozen=True)
class Stage:
    """One expensive stage of a rebuild.

    Attributes:
        count: how many ``unit`` it works on.
        hours, gpu_hours: on this machine as it is, and with one GPU; None where no rate was measured.
        bytes: what it leaves on the disk.
    """

    name: str
    jobs: int
    count: int
    unit: str
    hours: float | None
    gpu_hours: float | None
    bytes: int


def count_frames(config: Config, plans: Mapping[str, DatasetManifest]) -> dict[str, Data]:
    """Count the frames and codes of every sequence, as their files tell.

    Raises:
        InputError: a file that cannot be read, unless faults are allowed; ``g2rl check`` tells all that is
            wrong with a copy.
    """
    from g2rl.io.video import open_source

    found = {}
    for name, plan in plans.items():
        synthetic = config.datasets[name].synthetic
        if synthetic:
            coded = dict.fromkeys(plan.sequences, -(-synthetic.frames // config.frames.every))
            found[name] = Data(plan, synthetic.frames * len(coded), coded)
            continue
        frames, coded = 0, dict.fromkeys(plan.sequences, 0)
        for each in plan.sequences:
            try:
                codes = plan.layout.read_labels(plan.root, each).intensity
                frames += len(open_source(Path(plan.media(each))).numbers)
                coded[each] = -(-int(np.sum((codes >= 0).any(1))) // config.frames.every)
            except InputError:
                if not config.datasets[name].allow_faults:
                    raise  # else the sequence has no frame
        found[name] = Data(plan, frames, coded)
    return found


def estimate(config: Config, data: Mapping[str, Data], cores: int, gpu: bool, size: int) -> list[Stage]:
    """The expensive stages, in their order.

    Args:
        cores: of this machine.
        gpu: whether it has one; its training counts as the measured GPU's.
        size: bytes of one model file, see ``model_bytes``.
    """
    rates = read_rates()
    trained = tested = networks = predicted = 0
    for name, one in data.items():
        times = len(runs(config, name))
        networks += times * len(one.plan.folds)
        trained += times * config.training.epochs * sum(one.total(one.plan.train(k)) for k in one.plan.folds)
        test = times * sum(one.total(one.plan.test(fold)) for fold in one.plan.folds)
        tested += test
        predicted += test * 2 * len(one.plan.aus)
    jobs = sum(len(one.plan.sequences) for one in data.values())

    def per_core(stage: str, counts: Mapping[str, int], each: int) -> Stage:
        seconds: float = jobs * START[stage]
        for name, count in counts.items():
            seconds += count / rates[stage, data[name].plan.layout.rate_class, "core"]
        hours = seconds / cores / 3600
        return Stage(stage, jobs, sum(counts.values()), "frames", hours, hours, each * sum(counts.values()))

    def network(stage: str, count: int, left: int) -> Stage:
        on_gpu, a_core = (_training_rate(rates, config, device) for device in (GPU, "core"))
        speeds = [on_gpu if gpu else a_core and a_core * cores, on_gpu]
        start = networks * START[stage] / 3600
        # A test image costs less than one to train on; it is counted as one.
        here, with_gpu = (count / speed / 3600 + start if speed else None for speed in speeds)
        return Stage(stage, networks, count, "images", here, with_gpu, left)

    return [
        per_core("landmarks", {name: one.frames for name, one in data.items()}, LANDMARK_BYTES),
        per_core("align", {name: one.total(list(one.coded)) for name, one in data.items()}, FACE_BYTES),
        network("train", trained, networks * size),
        network("test", tested, predicted * VALUE_BYTES),
    ]


def estimate_run(config: Config, cores: int, folder: Path | None = None) -> tuple[str, bool]:
    """The estimate of a run for the screen, and whether the disk of ``folder`` has room for its results;
    None: of the configuration's own results folder."""
    import torch

    data = count_frames(config, load_manifests(config))
    gpu = config.compute.gpu and torch.cuda.is_available()
    stages = estimate(config, data, cores, gpu, model_bytes(config, data))
    free = shutil.disk_usage(folder or nearest_existing(Path(config.results))).free
    text = format_estimate(stages, data, cores, gpu, free, training_pixels(config, data))
    return text, free >= sum(stage.bytes for stage in stages)


def nearest_existing(folder: Path) -> Path:
    """A folder, or where there is none yet the nearest one above that exists."""
    folder = folder.resolve()  # it may be a link to another disk
    return next(path for path in (folder, *folder.parents) if path.exists())


def model_bytes(config: Config, data: Mapping[str, Data]) -> int:
    """Of the largest model file, from its shapes alone."""
    import torch

    from g2rl.action_units import map_au
    from g2rl.network.model import HeatmapNet

    settings = config.training
    points = max(
        len(map_au(one.plan.aus, used_centres(config, one.plan.aus), settings.maps)) for one in data.values()
    )
    with torch.device("meta"):
        net = HeatmapNet(
            settings.backbone,
            points,
            tuple(settings.channels),
            stride=settings.stride,
            image_size=settings.image_size,
        )
    return sum(value.numel() * value.element_size() for value in net.state_dict().values())


def training_pixels(config: Config, data: Mapping[str, Data]) -> int:
    """Bytes of the decoded faces of the largest training."""
    each = config.training.image_size**2 * 3
    return max(
        (one.total(one.plan.train(k)) * each for one in data.values() for k in one.plan.folds), default=0
    )


def _pixels_text(pixels: int) -> str:
    return (
        f"The largest training has {_bytes(pixels)} of pixels. A device with twice that free keeps them;\n"
        "on another, such as a GPU of 11 GB, they are decoded batch by batch: no rate was measured."
    )


def format_estimate(
    stages: list[Stage], data: Mapping[str, Data], cores: int, gpu: bool, free: int, pixels: int
) -> str:
    """The estimate for the screen; ``free`` bytes are left on the disk of the results, ``pixels``: see
    ``training_pixels``."""
    lines = [
        f"{name}: {len(one.plan.sequences)} sequences, {one.frames:,} frames, "
        f"{one.total(list(one.coded)):,} of them coded and used; folds: {len(one.plan.folds)}"
        for name, one in data.items()
    ]
    total = sum(stage.bytes for stage in stages)
    short = f" NOT ENOUGH: {_bytes(total)} are needed; put the results on another disk."
    return "\n".join(
        [
            *lines,
            "",
            *_table(stages, f"{cores} cores{', a GPU' if gpu else ''}"),
            "",
            "Rendering, checks, measures, tables and figures take minutes more. Hours follow from rates",
            "measured once, by benchmarks/rates.py (g2rl/resources/rates.tsv); –: none was measured for this",
            "backbone.",
            _pixels_text(pixels),
            f"Free where the results go: {_bytes(free)}.{'' if free > total else short}",
        ]
    )


def _table(stages: list[Stage], here: str) -> list[str]:
    """One line per stage and one of all, in columns."""
    rows: list[tuple[str, ...]] = [("stage", "jobs", "work", here, f"and one {GPU.split()[1]}", "disk")]
    for stage in stages:
        hours = (format_hours(stage.hours), format_hours(stage.gpu_hours))
        work = f"{stage.count:,} {stage.unit}"
        rows.append((stage.name, f"{stage.jobs:,}", work, *hours, _bytes(stage.bytes)))
    sums = (
        format_hours(_sum([stage.hours for stage in stages])),
        format_hours(_sum([s.gpu_hours for s in stages])),
    )
    jobs, disk = sum(stage.jobs for stage in stages), sum(stage.bytes for stage in stages)
    rows.append(("in all", f"{jobs:,}", "", *sums, _bytes(disk)))
    return columns(rows)


def _sum(hours: list[float | None]) -> float | None:
    """None where one is not known."""
    known = [each for each in hours if each is not None]
    return sum(known) if len(known) == len(hours) else None


def format_hours(hours: float | None) -> str:
    """``40 s``, ``12 min``, ``3.2 h``, ``5 days``; – if not known."""
    if hours is None:
        return "–"
    if hours < 0.025:
        return f"{hours * 3600:.0f} s"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:,.1f} h" if hours < 48 else f"{hours / 24:,.0f} days"


def _bytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 5e7 else f"{count / 1e6:,.1f} MB"
