"""Training of one network: one dataset, one run, one fold, one seed. Read top to bottom.

Eq. 8 is minimised over shuffled batches of aligned faces. Batch order, flips and initial weights follow from
the seed alone, so a Baseline and a G2RL run of one seed start from the same weights and see the same batches.
After every epoch all state is saved; a run that was cut off goes on from there and ends in the same weights.
"""

import contextlib
import ctypes
import functools
import hashlib
import io
import json
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import lr_scheduler

from g2rl import heatmaps as hm
from g2rl.au import MAPS, MIRROR, centre_weights, map_au, place_points, point_au
from g2rl.cache import SIZE as ALIGNED_SIZE
from g2rl.cache import Shard, decode, join, load_frames
from g2rl.files import InputError, atomic_path, progress, write_text
from g2rl.model import (
    ADJACENCY,
    G2RL,
    GEOMETRY_DIM,
    GEOMETRY_INIT,
    GUIDANCE,
    PROJECTIONS,
    HeatmapNet,
    guidance_loss,
    heatmap_loss,
    intensity_loss,
    joint_loss,
)

# ImageNet's, RGB in 0–255.
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
LARGEST = 1024  # side of an image or a heatmap, pixels: a model file from elsewhere may claim any
SCHEDULES = ("step", "onecycle")
NAMES = {  # of a setting → what it may be
    "amplitude": hm.AMPLITUDES,
    "readout": hm.READOUTS,
    "maps": MAPS,
    "guidance": GUIDANCE,
    "geometry_init": GEOMETRY_INIT,
    "adjacency": ADJACENCY,
    "projection": PROJECTIONS,
    "schedule": SCHEDULES,
    "precision": ("bf16", "fp32"),
}
WARMUP = 1 / 3  # of the epochs: how long G learns before it stands still, in guidance "warmup"
PROBES = (
    *("loss", "loss_S", "loss_G", "norm_WM"),  # in the order of make_step's totals
    *("var_G", "norm_G", "rank_G", "norm_W", "grad_S", "grad_G"),
)
PROBED = 256  # faces on which G is looked at after every epoch


@dataclass(frozen=True)
class Settings:
    """Everything that decides a trained network, besides the frames. Defaults are the paper's.

    Raises:
        InputError: a value that cannot be trained with.
    """

    sigma: float = 2.0  # Eq. 1, heatmap pixels
    lam: float = 0.05  # Eq. 8; 0 is the Baseline
    seed: int = 0
    backbone: str = "resnet50.tv_in1k"
    image_size: int = 256
    stride: int = 32  # of the backbone's feature map that the deconvolutions take
    channels: tuple[int, ...] = (256, 256, 256)  # of the deconvolutions
    centres: str = "default"  # AU locations, g2rl.au.CENTRES
    maps: str = "point"  # one heatmap an AU point, or an AU
    amplitude: str = "eq1"
    readout: str = "max"  # of a heatmap's intensity, g2rl.heatmaps.READOUTS
    guidance: str = "literal"
    geometry_init: str = "torch"
    adjacency: str = "gaussian"
    projection: str = "factorised"
    shuffled: bool = False  # a control: L_G sees another face's landmarks
    intensity_loss: float = 0.0  # weight of the squared error of the soft readout beside L_S; 0 in the paper
    rare: float = 0.0  # a map's error counts 1 + rare·I times; 0 in the paper
    calibrate: bool = False  # after the training, see the function
    max_subjects: int | None = None  # train on so many of the subjects, drawn by the seed; None: on all
    epochs: int = 10
    batch_size: int = 16
    lr: float = 5e-4
    lr_geometry: float | None = None  # of the graph network; None: lr
    lr_projection: float | None = None  # of W; None: lr
    weight_decay: float = 0.0
    schedule: str = "step"
    milestones: tuple[int, ...] = (5,)  # epochs at which "step" divides the learning rate by 10
    flip: bool = False  # mirror half of the faces
    shift: float = 0.0  # random translation, up to this share of the image
    precision: str = "bf16"

    def __post_init__(self) -> None:
        if self.image_size % 32:
            raise InputError(
                f"image_size {self.image_size}: expected a multiple of 32, the backbone's stride"
            )
        if max(self.image_size, self.map_size) > LARGEST or min(self.image_size, self.map_size) < 1:
            raise InputError(
                f"image_size {self.image_size}, heatmaps of {self.map_size} pixels: expected 1 to {LARGEST}"
            )
        if self.sigma <= 0 or not 0 <= self.lam < 1:
            raise InputError(f"sigma {self.sigma}, lambda {self.lam}: expected sigma > 0 and 0 <= lambda < 1")

        for name, known in NAMES.items():
            if (value := getattr(self, name)) not in known:
                raise InputError(f"{name} {value!r}: expected one of {', '.join(known)}")
        if self.calibrate and self.readout != "max":
            raise InputError("calibrate: a line through the maxima of maps: expected readout max")

    @property
    def map_size(self) -> int:
        return self.image_size // self.stride * 2 ** len(self.channels)


@dataclass(frozen=True)
class Faces:
    """Training frames of all subjects, one after the other.

    ``images`` are (N, S, S, 3) uint8 RGB on the training device; where they do not fit, they are None, and
    ``jpeg`` holds all bytes and their offsets (:func:`g2rl.cache.join`), decoded batch by batch.
    """

    images: Tensor | None
    jpeg: tuple[np.ndarray, np.ndarray] | None
    landmarks: Tensor  # (N, 68, 2) float32, aligned pixels
    intensity: Tensor  # (N, K) int8, −1 not coded

    def __len__(self) -> int:
        return len(self.intensity)

    def pixels(self, index: Tensor, size: int) -> Tensor:
        """(B, S, S, 3) uint8 on the device: the faces of ``index``, decoded where they are not kept."""
        if self.images is not None:
            return self.images[index]
        rows = decode(*self.jpeg, index.cpu().numpy(), size)
        return torch.from_numpy(rows).to(index.device)


def load_faces(shards: Sequence[Shard], size: int, device: torch.device) -> Faces:
    """All frames of the shards, decoded once and kept on the device if they take at most half of its memory.

    Raises:
        InputError: no frame in any shard.
    """
    landmarks = torch.from_numpy(np.concatenate([shard.landmarks for shard in shards])).to(device)
    intensity = torch.from_numpy(np.concatenate([shard.intensity for shard in shards])).to(device)
    if not len(intensity):
        raise InputError("no training frame in any shard: see the frames.csv of this dataset for the reasons")
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = len(intensity) * size * size * 3
    resident = needed <= free / 2
    where = f"kept on {device}" if resident else "decoded batch by batch"
    print(
        f"faces: {len(intensity)}, {needed / 2**30:.2f} GiB of pixels, {where}", file=sys.stderr, flush=True
    )
    if not resident:
        return Faces(None, join(shards), landmarks, intensity)
    images = torch.empty((len(intensity), size, size, 3), dtype=torch.uint8, device=device)
    start = 0
    for shard in progress(shards, "decoding faces", len(shards)):  # one at a time: the host needs no more
        end = start + len(shard.frame)
        images[start:end] = torch.from_numpy(load_frames(shard, size, torch.get_num_threads()))
        start = end
    return Faces(images, None, landmarks, intensity)


def batches(faces: Faces, settings: Settings, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """One epoch: (B, S, S, 3) uint8 images, (B, 68, 2) landmarks, (B, K) intensities, in an order of its own.

    The last, incomplete batch is left out (its batch statistics would be noisy), unless it is the only one.
    """
    order = np.random.default_rng([settings.seed, epoch]).permutation(len(faces))
    size = min(settings.batch_size, len(order))
    order = order[: len(order) // size * size].reshape(-1, size)
    device = faces.landmarks.device
    if faces.images is not None:
        for index in torch.from_numpy(order).to(device):
            yield faces.images[index], faces.landmarks[index], faces.intensity[index]
        return
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # decodes ahead of the device
        ahead: deque[Future[np.ndarray]] = deque()
        for n, index in enumerate(torch.from_numpy(order).to(device)):
            while len(ahead) < 8 and n + len(ahead) < len(order):
                rows = order[n + len(ahead)]
                ahead.append(pool.submit(decode, *faces.jpeg, rows, settings.image_size))
            images = torch.from_numpy(ahead.popleft().result()).to(device)
            yield images, faces.landmarks[index], faces.intensity[index]


@functools.cache
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Numbers on a device, sent there once: a recorded step may not copy from the host."""
    return torch.tensor(values, device=device)


def normalise(images: Tensor) -> Tensor:
    """(B, S, S, 3) uint8 RGB → (B, 3, S, S) float32, channels last, by ImageNet's mean and deviation."""
    mean, std = (constant(value, images.device) for value in (MEAN, STD))
    return ((images.float() - mean) / std).permute(0, 3, 1, 2)


def draw(settings: Settings, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """For each face of a batch: mirrored or not, (B,) bool, and moved by how many pixels, (B, 2) x and y."""
    reach = round(settings.shift * settings.image_size)
    mirror = torch.rand(count, generator=random) < (0.5 if settings.flip else 0)
    return mirror, torch.randint(-reach, reach + 1, (count, 2), generator=random)


def augment(images: Tensor, landmarks: Tensor, mirror: Tensor, move: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror and move faces (B, S, S, 3) and their landmarks (B, 68, 2), on the device; see ``draw``."""
    size = images.shape[1]
    axis = torch.arange(size, device=images.device)
    x, y = ((axis - move[:, i : i + 1]).clamp(0, size - 1) for i in (0, 1))  # the border's pixels repeat
    x = torch.where(mirror[:, None], size - 1 - x, x)
    images = images[torch.arange(len(images), device=images.device)[:, None, None], y[:, :, None], x[:, None]]
    mirrored = landmarks[:, constant(tuple(MIRROR.tolist()), images.device)]
    mirrored = torch.stack((ALIGNED_SIZE - 1 - mirrored[..., 0], mirrored[..., 1]), -1)
    landmarks = torch.where(mirror[:, None, None], mirrored, landmarks)
    return images, landmarks + move[:, None] * (ALIGNED_SIZE / size)


class Targets:
    """AU points of a batch of landmarks and their heatmaps (Eq. 1), made on the device at every step."""

    def __init__(self, aus: Sequence[int], settings: Settings, device: torch.device):
        weights, down = centre_weights(aus, settings.centres)
        self.weights, self.down = torch.from_numpy(weights).to(device), torch.from_numpy(down).to(device)
        of_point = point_au(aus, settings.centres)
        self.point_au = torch.from_numpy(of_point).to(device)
        self.points = np.bincount(of_point).tolist()  # of each AU
        self.map_au = torch.from_numpy(map_au(aus, settings.centres, settings.maps)).to(device)
        self.settings = settings

    def __call__(self, landmarks: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 68, 2), (B, K) → heatmaps (B, P, S', S') and their intensities (B, P) float, < 0 not coded.

        The map of an AU is the maximum over its points' maps.
        """
        s = self.settings
        centres = hm.to_heatmap(place_points(landmarks, self.weights, self.down), ALIGNED_SIZE, s.map_size)
        of_point = intensity[:, self.point_au].clamp(min=0).float()
        maps = hm.heatmaps(centres, of_point, s.sigma, s.map_size, s.amplitude)
        if s.maps == "au":
            maps = torch.stack([part.amax(1) for part in maps.split(self.points, 1)], 1)
        return maps, intensity[:, self.map_au].float()


def make_optimizer(model: G2RL, settings: Settings, device: torch.device) -> torch.optim.Adam:
    """Adam with a learning rate for each part; for the Baseline, over the heatmap network alone."""
    parts = [(model.net, settings.lr)]
    if settings.lam:
        lr_geometry = settings.lr_geometry or settings.lr
        parts += [(model.geometry, lr_geometry), (model.projection, settings.lr_projection or settings.lr)]
        if model.rebuild is not None:
            parts.append((model.rebuild, lr_geometry))
    groups = [{"params": list(part.parameters()), "lr": lr} for part, lr in parts]
    cuda = device.type == "cuda"
    if cuda:  # a rate on the device can change between replays of a recorded step
        groups = [group | {"lr": torch.tensor(group["lr"], device=device)} for group in groups]
    return torch.optim.Adam(groups, weight_decay=settings.weight_decay, fused=True, capturable=cuda)


def scheduler(optimizer: torch.optim.Optimizer, settings: Settings, steps: int) -> lr_scheduler.LRScheduler:
    """``step``, once an epoch: a tenth from each milestone on. ``onecycle``, once a step: up for 30 %, then
    down to 0 (Smith & Topin 2019)."""
    if settings.schedule == "step":
        return lr_scheduler.MultiStepLR(optimizer, list(settings.milestones))
    peaks = [float(group["lr"]) for group in optimizer.param_groups]
    return lr_scheduler.OneCycleLR(optimizer, peaks, total_steps=steps, cycle_momentum=False)


def capture(
    step: Callable[..., None],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    example: Sequence[Tensor],
) -> Callable[..., None]:
    """``step`` recorded as a CUDA graph, with model and optimizer left as they were.

    At the paper's 16 faces a batch, launching the kernels one by one takes longer than running them.
    """
    torch.backends.cudnn.benchmark = True
    inputs = [value.clone() for value in example]
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    moments = {p: {name: v.clone() for name, v in state.items()} for p, state in optimizer.state.items()}
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):  # libraries choose their algorithms before the recording
            step(*inputs)
    torch.cuda.current_stream().wait_stream(side)
    optimizer.zero_grad(set_to_none=True)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(*inputs)
    model.load_state_dict(weights)
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            value.copy_(moments[parameter][name]) if parameter in moments else value.zero_()

    def replay(*values: Tensor) -> None:
        for static, value in zip(inputs, values, strict=True):
            static.copy_(value, non_blocking=True)
        graph.replay()

    return replay


def build(settings: Settings, maps: int, pretrained: dict[str, Tensor] | None) -> G2RL:
    """The model with the weights of its seed; the heatmap network's do not depend on λ or the guidance."""
    torch.manual_seed(settings.seed)
    net = HeatmapNet(settings.backbone, maps, settings.channels, pretrained, settings.stride)
    torch.manual_seed(settings.seed + 1)
    return G2RL(
        net,
        settings.map_size,
        settings.guidance,
        settings.projection,
        settings.adjacency,
        settings.geometry_init,
        settings.shuffled,
    )


def checkpoint_key(
    settings: Settings, shards: Sequence[Shard], pretrained: dict[str, Tensor] | None, code: dict[str, str]
) -> str:
    """What a checkpoint belongs to: settings, the frames themselves, the first weights, and the code."""
    digest = hashlib.sha256(json.dumps([asdict(settings), code], sort_keys=True).encode())
    for shard in shards:
        for array in (shard.jpeg, shard.landmarks, shard.intensity):
            digest.update(np.ascontiguousarray(array))
    for name, value in sorted((pretrained or {}).items()):
        digest.update(name.encode() + value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@functools.cache
def fast_bf16() -> bool:
    """Whether this CPU is faster in bf16: without AVX-512 it takes ten times as long, and an Intel CPU whose
    matrix unit (AMX) is missing or hidden by a hypervisor multiplies half as fast as in fp32."""
    if torch.cpu._is_amx_tile_supported():
        return True
    cpu = Path("/proc/cpuinfo")
    intel = cpu.exists() and "GenuineIntel" in cpu.read_text()
    return not intel and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def autocast(device: torch.device, settings: Settings) -> torch.autocast:
    """bf16 arithmetic where it is asked for and faster; elsewhere fp32."""
    enabled = settings.precision == "bf16" and (device.type == "cuda" or fast_bf16())
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def keep_freed_memory() -> None:
    """Have the C library keep what one step frees for the next: a tenth of a step on a CPU is spent on giving
    the activations' pages back and having them zeroed again. Without effect where it is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((-4, 0), (-1, 2**31 - 1)):  # M_MMAP_MAX, M_TRIM_THRESHOLD
            mallopt(option, value)


def make_step(
    model: G2RL, optimizer: torch.optim.Optimizer, targets: Targets, settings: Settings, totals: Tensor
) -> Callable[..., None]:
    """One update of the weights on one batch: the whole of Eq. 1–8.

    Adds (L, L_S, L_G, ‖W×M‖) of the batch to ``totals``, (4,) on the device: read at an epoch's end only, so
    that the loop never waits for it.
    """

    def step(images: Tensor, landmarks: Tensor, intensity: Tensor, mirror: Tensor, move: Tensor) -> None:
        images, landmarks = augment(images, landmarks, mirror, move)
        target, of_map = targets(landmarks, intensity)  # Eq. 1
        coded = of_map >= 0
        with autocast(totals.device, settings):
            if settings.lam:
                maps, G, WM, own = model(normalise(images), landmarks / (ALIGNED_SIZE / 2) - 1)  # Eq. 3–5
            else:
                maps, _ = model.net(normalise(images))
                G = WM = totals.new_zeros(len(images), GEOMETRY_DIM)
                own = totals.new_zeros(())
        maps, weight = maps.float(), 1 + settings.rare * of_map if settings.rare else 1.0
        loss_S = heatmap_loss(maps, target, coded, weight)  # Eq. 2
        loss_G = guidance_loss(G, WM)  # Eq. 6
        loss = joint_loss(loss_S, loss_G, settings.lam) + own  # Eq. 8
        if settings.intensity_loss:
            read = hm.soft_intensities(maps, settings.sigma, settings.amplitude)
            loss = loss + settings.intensity_loss * intensity_loss(read, of_map, coded)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            totals.add_(torch.stack((loss, loss_S, loss_G, WM.norm(dim=-1).mean())))

    return step


def probe(model: G2RL, faces: Faces, targets: Targets, settings: Settings) -> dict[str, float]:
    """What Eq. 6 does at this moment, on the same faces every time; leaves the model as it is.

    G over ``PROBED`` faces, spread evenly over all, before ``standardise`` if that is the guidance:
    ``var_G``, its variance, summed over the 256 numbers; ``norm_G``, the root of its mean square; ``rank_G``,
    its effective rank (Roy & Vetterli 2007: e to the entropy of the normalised singular values of the centred
    G; 1 to 256). On one batch: the losses, the mean ‖W×M‖, and ``grad_S`` and ``grad_G``, norms of the
    gradients that L_S and L_G, without their weights in Eq. 8, send into the heatmap network. Of the
    Baseline, the losses alone.
    """
    device = faces.landmarks.device

    def spread(count: int) -> Tensor:
        return torch.linspace(0, len(faces) - 1, min(count, len(faces)), device=device).long()

    index = spread(settings.batch_size)
    target, of_map = targets(faces.landmarks[index], faces.intensity[index])
    images = faces.pixels(index, settings.image_size)
    inputs = normalise(images), faces.landmarks[index] / (ALIGNED_SIZE / 2) - 1
    buffers = {name: value.clone() for name, value in model.named_buffers()}  # batch norm's stand still
    with autocast(device, settings):
        maps, G, WM, own = torch.func.functional_call(model, buffers, inputs)
    loss_S, loss_G = heatmap_loss(maps.float(), target, of_map >= 0), guidance_loss(G, WM)
    row = {"loss": joint_loss(loss_S, loss_G, settings.lam) + own, "loss_S": loss_S, "loss_G": loss_G}
    if not settings.lam:
        return dict.fromkeys(PROBES, 0.0) | dict.fromkeys(("loss", "loss_S"), loss_S.item())
    row["norm_WM"] = WM.norm(dim=-1).mean()
    parameters = list(model.net.parameters())
    for name, loss in (("grad_S", loss_S), ("grad_G", loss_G)):
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        row[name] = torch.stack([value.norm() for value in gradients if value is not None]).norm()
    with torch.no_grad():
        G = model.geometry(faces.landmarks[spread(PROBED)] / (ALIGNED_SIZE / 2) - 1)
        shares = torch.linalg.svdvals((G - G.mean(0)).nan_to_num())
        shares = shares / shares.sum().clamp(min=1e-30)
        row["rank_G"] = torch.special.entr(shares).sum().exp()
        row["norm_G"] = G.square().sum(-1).mean().sqrt()
        row["var_G"] = G.var(0, correction=0).sum()
        row["norm_W"] = torch.cat([weight.flatten() for weight in model.projection.parameters()]).norm()
    return {name: row[name].item() for name in PROBES}


@contextlib.contextmanager
def denormals_flushed() -> Iterator[None]:
    """Numbers under 1e-38 count as 0: of fading ones, such as Adam's moments, a CPU takes far longer."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


@denormals_flushed()
def train(
    shards: Sequence[Shard],
    settings: Settings,
    model_path: Path,
    history_path: Path,
    device: torch.device,
    pretrained: dict[str, Tensor] | None = None,
    checkpoint: Path | None = None,
    key: str = "",
) -> None:
    """Train one network and write it (``model.safetensors``) with its history (a row an epoch).

    History: ``loss``, ``loss_S`` (Eq. 2), ``loss_G`` (Eq. 6) and ``norm_WM`` (mean ‖W×M‖), means over the
    epoch; at its end ``norm_W`` (Frobenius norm of W's weights) and what ``probe`` finds: ``var_G`` (near 0,
    Eq. 6 has collapsed), ``rank_G``, ``grad_S``, ``grad_G``; ``lr`` at its start. Epoch 0 is before the first
    step, its losses those of the probe's batch. Images a second are in the log, not here: nothing in the
    results depends on a clock.

    Args:
        shards: aligned faces of the training subjects, all with the same AUs.
        pretrained: the backbone's weights, or None to start from random ones.
        checkpoint: keeps the state after each epoch; taken up if its key is ``key``, removed at the end.

    Raises:
        InputError: no frames; shards of different AUs; a loss that is not finite (names epoch and settings).
    """
    if settings.max_subjects:
        names = sorted({shard.subject for shard in shards})
        drawn = set(np.random.default_rng(settings.seed).permutation(names)[: settings.max_subjects])
        shards = [shard for shard in shards if shard.subject in drawn]
    aus = shards[0].aus
    if different := [shard.sequence for shard in shards if shard.aus != aus]:
        raise InputError(f"shards of different AUs: {shards[0].sequence} has {aus}, {different[0]} has not")
    faces = load_faces(shards, settings.image_size, device)
    targets = Targets(aus, settings, device)
    model = build(settings, len(targets.map_au), pretrained).to(device, memory_format=torch.channels_last)
    optimizer = make_optimizer(model, settings, device)
    steps_per_epoch = max(1, len(faces) // settings.batch_size)
    schedule = scheduler(optimizer, settings, settings.epochs * steps_per_epoch)

    history: list[dict[str, float]] = []
    if checkpoint is not None and (state := load_checkpoint(checkpoint, key, device)):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        history = state["history"]
        print(f"resuming after epoch {len(history) - 1}", file=sys.stderr)

    model.train()
    if device.type == "cpu":
        keep_freed_memory()
    totals = torch.zeros(4, device=device)
    step = make_step(model, optimizer, targets, settings, totals)
    run = step
    if not history:
        start_row = probe(model, faces, targets, settings)
        history.append({"epoch": 0, **start_row, "lr": float(schedule.get_last_lr()[0])})
    for epoch in range(len(history) - 1, settings.epochs):
        learning = model.rebuild is not None and model.rebuild.weight.requires_grad
        if settings.guidance == "warmup" and learning and epoch >= WARMUP * settings.epochs:
            model.freeze()
            run = step  # to be recorded anew
        random = torch.Generator().manual_seed(settings.seed << 32 | epoch)
        seen, start = 0, time.monotonic()
        rate = float(schedule.get_last_lr()[0])
        label = f"epoch {epoch + 1} of {settings.epochs}"
        for batch in progress(batches(faces, settings, epoch), label, steps_per_epoch):
            inputs = (*batch, *(value.to(device) for value in draw(settings, len(batch[0]), random)))
            if device.type == "cuda" and run is step:
                run = capture(step, model, optimizer, inputs)
            if not seen:
                totals.zero_()
            run(*inputs)
            seen += len(batch[0])
            if settings.schedule == "onecycle":
                schedule.step()
        means = dict(zip(PROBES, (totals / steps_per_epoch).tolist(), strict=False))
        if not math.isfinite(means["loss"]):
            raise InputError(f"epoch {epoch + 1}: the loss is {means['loss']}: lower lr (now {settings.lr})")
        row = {"epoch": epoch + 1, **probe(model, faces, targets, settings), **means, "lr": rate}
        if settings.schedule == "step":
            schedule.step()
        history.append(row)
        # The speed goes to the log, not the history: nothing in the results depends on a clock.
        row_text = ", ".join(
            f"{name} {row[name]:.4g}" for name in ("loss", "loss_S", "loss_G", "var_G", "norm_W")
        )
        speed = seen / (time.monotonic() - start)
        print(f"{label}: {row_text}, {speed:.0f} images/s", file=sys.stderr, flush=True)
        if checkpoint is not None and epoch + 1 < settings.epochs:
            save_checkpoint(checkpoint, key, model, optimizer, schedule, history)

    if settings.calibrate:
        calibrate(model.net, faces, targets, settings)
    export(model.net, settings, aus, [shard.subject for shard in shards], model_path)
    rows = [",".join(history[0])] + [",".join(f"{value:.6g}" for value in row.values()) for row in history]
    write_text(history_path, "\n".join(rows) + "\n")
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)


@torch.inference_mode()
def calibrate(net: HeatmapNet, faces: Faces, targets: Targets, settings: Settings) -> None:
    """Give each AU's intensities the mean and standard deviation of the codes, over all training frames: a
    map that lessens the squared error of its pixels has a maximum that is too low.

    The line that does it goes into the last convolution, so the network is as large as before: a map times a
    slope > 0 plus an offset has such a maximum.
    """
    net.eval()
    device, found = faces.landmarks.device, []
    for index in torch.arange(len(faces), device=device).split(PROBED):
        with autocast(device, settings):
            maps, _ = net(normalise(faces.pixels(index, settings.image_size)))
        read = hm.intensities(maps.float(), settings.sigma, settings.amplitude)
        found.append(hm.au_mean(read, targets.map_au, faces.intensity.shape[1]).cpu())
    for au, (guess, code) in enumerate(zip(torch.cat(found).T, faces.intensity.cpu().T, strict=True)):
        guess, code = guess[code >= 0].double(), code[code >= 0].double()
        if len(code) > 1 and guess.std() > 0 and code.std() > 0:
            slope = code.std().item() / guess.std().item()
            offset = code.mean().item() - slope * guess.mean().item()
            own = targets.map_au == au
            net.head.weight[own] *= slope
            net.head.bias[own] = net.head.bias[own] * slope + offset * hm.peak(
                settings.sigma, settings.amplitude
            )


def export(
    net: HeatmapNet, settings: Settings, aus: Sequence[int], subjects: Sequence[str], path: Path
) -> None:
    """The network without the geometry module, with what inference must know and whom it has seen."""
    known = {"aus": list(aus), "subjects": sorted(set(subjects))}
    about = json.dumps(known | asdict(settings), sort_keys=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(weights, temporary, metadata={"g2rl": about})


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
