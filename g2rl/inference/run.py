"""``g2rl predict``: every input that can be read, to the outputs that are asked for."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from g2rl.action_units import au_name
from g2rl.config.alignment import DetectorName
from g2rl.errors import InputError
from g2rl.inference import brows
from g2rl.inference.camera import record_cameras
from g2rl.inference.estimates import FrameEstimate
from g2rl.inference.face_network import FaceNetwork
from g2rl.inference.inputs import Input, find_inputs
from g2rl.inference.jumps import Jumps
from g2rl.inference.kept import KeptEstimates
from g2rl.inference.names import output_names
from g2rl.inference.neutral import Neutral, subtract_neutral
from g2rl.inference.outputs.names import ENDS, OF_PHOTO, OF_PHOTOS, with_beside
from g2rl.inference.outputs.overlay import OverlayPhotos, OverlayVideo
from g2rl.inference.outputs.page import Page
from g2rl.inference.outputs.summary import Summary
from g2rl.inference.outputs.table import Table
from g2rl.inference.outputs.timeline import Timeline
from g2rl.inference.outputs.writer import Writer
from g2rl.inference.record import State, forget, input_digest, read_states, write_states
from g2rl.inference.smoothing import BLINK, smooth
from g2rl.inference.video import estimate_frames
from g2rl.io.frame_source import FrameSource
from g2rl.io.progress import progress

log = logging.getLogger(__name__)
OUTPUTS = tuple(ENDS)
FOR_PHOTOS = ("csv", "overlay")
DRAWN = frozenset({"overlay", "page"})  # show the images
OF_TABLE = ("--format", "--landmarks")  # options that change the CSV alone
MUCH = 2.0  # intensity
RATE = 25.0  # frames per second of what has no times


@dataclass(frozen=True)
class Choices:
    """What is asked of a prediction.

    Attributes:
        outputs: of ``OUTPUTS``.
        images: see ``find_inputs``.
        single, detector: see ``estimate_frames``.
        table: columns of the CSV, one of ``outputs.table.FORMATS``.
        landmarks: whether the CSV has the 68 points.
        smooth: seconds over which the intensities of a video are averaged; 0: they are not.
        neutral: calibration to each face's neutral expression; None: none.
        brows: whether their height counts in the AUs of a video, see ``brows``.
        overwrite: whether outputs that are there already are made again.
        seconds: for which a camera is recorded, unless Ctrl-C comes first.
    """

    outputs: Sequence[str] = OUTPUTS
    images: str = "auto"
    single: bool = False
    detector: DetectorName | None = None
    table: str = "g2rl"
    landmarks: bool = False
    smooth: float = 0.0
    neutral: Neutral | None = None
    brows: bool = False
    overwrite: bool = False
    seconds: float = math.inf


def predict_inputs(
    paths: Sequence[Path], folder: Path, network: FaceNetwork, choices: Choices
) -> tuple[dict[Path, Path], bool]:
    """Write the outputs of each video, film and collection of photos that can be read; log the rest.

    A camera is recorded first, into ``folder``.

    Returns:
        The input of each file written, and whether everything could be read.

    Raises:
        InputError: ``folder`` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: a file: expected a folder for the outputs")
    paths, dark = record_cameras(paths, folder, choices.seconds)
    inputs, unreadable = find_inputs(paths, choices.images)
    faults = [*dark, *unreadable]
    for fault in faults:
        log.error("%s", fault)
    written: dict[Path, Path] = {}
    complete = not faults
    for one, name in zip(inputs, output_names(inputs, folder), strict=True):
        try:
            outputs = _make_missing(one, folder / name, network, choices)
        except InputError as error:
            log.error("%s", error)
            complete = False
        else:
            written |= dict.fromkeys(outputs, one.path)
            for path in with_beside(outputs):
                log.info("wrote %s", path)
    return written, complete


def _make_missing(one: Input, stem: Path, network: FaceNetwork, choices: Choices) -> list[Path]:
    """Make the outputs of an input that are not there, or were made of something else; record what of."""
    if one.kind == "photos" or not brows.shared_with(network.aus):
        choices = replace(choices, brows=False)
    states = {kind: _state(kind, one, network, choices) for kind in choices.outputs}
    known = read_states(stem, one)
    outputs = _missing_outputs(one, stem, choices, states, known)
    if not outputs:
        return []
    made = {path.name: states[kind] for kind, path in outputs.items()}
    known = {name: state for name, state in known.items() if name not in made}
    write_states(stem, one, known)  # before the outputs, so that those of a killed run are made again
    _warn_of_others(one, stem, known, next(iter(made.values())))
    try:
        _predict_input(one, outputs, network, choices)
    except BaseException:
        if not known and not any(path.exists() for path in outputs.values()):
            forget(stem)
        raise
    write_states(stem, one, known | made)
    return list(outputs.values())


def _state(kind: str, one: Input, network: FaceNetwork, choices: Choices) -> State:
    """All that an output depends on."""
    neutral = str(choices.neutral) if choices.neutral else None
    state: State = {"input": input_digest(one), "model": network.digest, "images": one.kind}
    state |= {"--single": choices.single, "--neutral": neutral, "--brows": choices.brows}
    state["--smooth"] = choices.smooth
    state["--detector"] = choices.detector or network.alignment.detector
    landmarks = choices.landmarks or choices.table == "openface"
    of_table = dict(zip(OF_TABLE, (choices.table, landmarks), strict=True))
    return state | (of_table if kind == "csv" else {})


def _missing_outputs(
    one: Input, stem: Path, choices: Choices, states: Mapping[str, State], known: Mapping[str, State]
) -> dict[str, Path]:
    """The files to make of an input; without ``overwrite`` those not there or of another state."""
    photos = one.kind == "photos"
    ends = ENDS | ({"overlay": OF_PHOTO if one.path.is_file() else OF_PHOTOS} if photos else {})
    kinds = [kind for kind in choices.outputs if not photos or kind in FOR_PHOTOS]
    if not kinds:
        log.warning(
            "%s: photos have no --%s: see --csv and --overlay", one.path, ", no --".join(choices.outputs)
        )
    outputs = {kind: stem.with_name(stem.name + ends[kind]) for kind in kinds}
    if choices.overwrite:
        return outputs
    there = {kind: path.name for kind, path in outputs.items() if path.exists()}
    kept = [kind for kind, name in there.items() if known.get(name) == states[kind]]
    if kept:
        names = ", ".join(there[kind] for kind in kept)
        log.info("%s: kept %s: --overwrite makes %s again", one.path, names, "them" if kept[1:] else "it")
    for kind, name in there.items():
        if kind not in kept:
            log.warning(
                "%s: %s is made again: %s", one.path, name, _differences(states[kind], known.get(name))
            )
    return {kind: path for kind, path in outputs.items() if kind not in kept}


def _warn_of_others(one: Input, stem: Path, known: Mapping[str, State], state: State) -> None:
    """Name the outputs that were not asked for and are of something else than ``state``, of one that was."""
    common = {key: value for key, value in state.items() if key not in OF_TABLE}
    for name, before in known.items():
        if stem.with_name(name).exists() and not common.items() <= before.items():
            what = _differences(common, before)
            log.warning("%s: %s stays as it is, %s: name it too to make it again", one.path, name, what)


def _differences(state: State, before: State | None) -> str:
    if not before:
        return "it was not finished"
    return f"other {', '.join(name for name, value in state.items() if before.get(name) != value)}"


def _predict_input(one: Input, outputs: dict[str, Path], network: FaceNetwork, choices: Choices) -> None:
    source, folder = one.open(), next(iter(outputs.values())).parent
    if choices.neutral and one.kind == "photos":
        raise InputError(f"{one.path}: photos have no common neutral expression: leave out --neutral")
    with ExitStack() as stack:
        frames: Iterable[FrameEstimate] = _frames(one, source, network, choices)
        rest: dict[int, np.ndarray | None] = {}
        if choices.brows:
            frames = map(brows.append_heights, frames)
        if choices.brows or choices.neutral:
            kept = stack.enter_context(KeptEstimates(folder, not DRAWN.isdisjoint(outputs)))
            rest = (choices.neutral or brows.REST).measure(kept.keep(frames))
            frames = progress(kept.replay(source), f"{one.path.name}: outputs", len(source.numbers))
        raw = [face for face, values in rest.items() if values is None]
        if choices.neutral:
            _warn_of_neutral(one, network, rest)
        else:
            for values in rest.values():
                if values is not None:
                    values[: len(network.aus)] = 0  # of the brows alone
        if choices.smooth and one.kind != "photos":
            frames = smooth(frames, choices.smooth, _rate(source), network.aus)
        # The CSV last, so that it gets its name first.
        kinds = sorted(outputs, key=OUTPUTS.index, reverse=True)
        writers = [
            stack.enter_context(_make_writer(kind, outputs[kind], one, source, network, choices, raw))
            for kind in kinds
        ]
        for frame in frames:
            calibrated = subtract_neutral(frame, rest)
            if choices.brows:
                calibrated = brows.merge_heights(calibrated, network.aus, raw)
            for writer in writers:
                writer.add(calibrated)


def _warn_of_neutral(one: Input, network: FaceNetwork, rest: Mapping[int, np.ndarray | None]) -> None:
    """Name the faces without a neutral expression, and the AUs of which much is taken off."""
    if raw := [str(face) for face, values in rest.items() if values is None]:
        named = ", ".join(raw)
        log.warning("%s: no row of face %s has success: its intensities stay as predicted", one.path, named)
    for face, values in rest.items():
        taken = [] if values is None else zip(map(au_name, network.aus), values, strict=False)
        if much := [f"{au} {value:.1f}" for au, value in taken if value >= MUCH]:
            log.warning(
                "%s: --neutral takes off %s of face %d: leave it out if the face shows them most of the time",
                *(one.path, ", ".join(much), face),
            )


def _make_writer(
    kind: str,
    path: Path,
    one: Input,
    source: FrameSource,
    network: FaceNetwork,
    choices: Choices,
    raw: Sequence[int],
) -> Writer:
    """
    Args:
        raw: ``face_id`` of the faces whose intensities are not calibrated.
    """
    rate = _rate(source)
    steps = []  # from the network's output to the intensities
    if choices.smooth and one.kind != "photos":
        but = f", not {au_name(BLINK)}" if BLINK in network.aus else ""
        steps.append(f"intensities averaged over {choices.smooth:g} s{but}")
    except_of = f", not of face {', '.join(map(str, raw))}" if raw else ""
    if choices.neutral:
        steps.append(f"intensities {choices.neutral}{except_of}")
    if choices.brows:
        names = map(au_name, brows.shared_with(network.aus))
        steps.append(f"{' and '.join(names)} also by the brows' height{except_of}")
    if one.kind == "frames":
        steps.append(f"images have no times: {RATE:g} frames/s are assumed")
    if kind == "csv":
        extra = {"neutral": str(choices.neutral)} if choices.neutral else {}
        return Table(path, network.aus, choices.table, choices.landmarks, extra, raw)
    if kind == "overlay":
        return (
            OverlayPhotos(path, network.aus)
            if one.kind == "photos"
            else OverlayVideo(path, network.aus, rate)
        )
    if kind == "summary":
        return Summary(path, network.aus, rate, network.label, "; ".join(steps))
    of_clip: dict[str, Callable[..., Writer]] = {"plot": Timeline, "page": Page}
    return of_clip[kind](path, network.aus, rate, "; ".join([network.description, *steps]))


def _rate(source: FrameSource) -> float:
    """Frames per second; `RATE` where the source has none."""
    return source.frame_rate or RATE


def _frames(
    one: Input, source: FrameSource, network: FaceNetwork, choices: Choices
) -> Iterator[FrameEstimate]:
    """The estimates, with progress; what is odd about them is logged at the end.

    Raises:
        InputError: no frame can be decoded.
    """
    jumps, count, decoded, with_face = Jumps(), 0, 0, 0
    estimates = estimate_frames(one, source, network, choices.single, choices.detector)
    for frame in progress(estimates, f"{one.path.name}: frames", len(source.numbers)):
        yield frame
        count += 1
        decoded += frame.image is not None
        with_face += bool(frame.faces)
        if choices.single:
            jumps.add(frame)
    what = "photo" if one.kind == "photos" else "frame"
    what += "s" * (count != 1)
    if not decoded:
        raise InputError(f"{one.path}: none of its {what} can be decoded: copy it again, or convert it")
    level = logging.INFO if with_face else logging.WARNING
    log.log(level, "%s: %d of %d %s with a face", one.path, with_face, count, what)
    if decoded < count:
        log.warning("%s: %d of %d %s cannot be decoded", one.path, count - decoded, count, what)
    if one.kind != "photos" and (line := jumps.describe()):
        log.warning("%s: %s", one.path, line)
