"""``g2rl predict``: every input that can be read, in one pass each, to the outputs that are asked for."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from g2rl.errors import InputError
from g2rl.inference.estimates import FrameEstimate
from g2rl.inference.face_network import FaceNetwork
from g2rl.inference.inputs import Input, find_inputs, table_names
from g2rl.inference.jumps import Jumps
from g2rl.inference.neutral import Neutral, subtract_neutral
from g2rl.inference.outputs.overlay import OverlayPhotos, OverlayVideo
from g2rl.inference.outputs.page import Page
from g2rl.inference.outputs.summary import Summary
from g2rl.inference.outputs.table import Table
from g2rl.inference.outputs.timeline import Timeline
from g2rl.inference.outputs.writer import Writer
from g2rl.inference.video import estimate_frames
from g2rl.io.frame_source import FrameSource
from g2rl.io.progress import progress

log = logging.getLogger(__name__)
OUTPUTS = ("csv", "overlay", "plot", "page", "summary")
FOR_PHOTOS = ("csv", "overlay")
RATE = 25.0  # frames per second of what has no times


@dataclass(frozen=True)
class Choices:
    """What is asked of a prediction.

    Attributes:
        outputs: of ``OUTPUTS``.
        images: see ``find_inputs``.
        single: see ``estimate_frames``.
        table: columns of the CSV, one of ``outputs.table.FORMATS``.
        landmarks: whether the CSV has the 68 points.
        neutral: calibration to each face's neutral expression; None: none.
        overwrite: whether outputs that are there already are made again.
    """

    outputs: Sequence[str] = OUTPUTS
    images: str = "auto"
    single: bool = False
    table: str = "g2rl"
    landmarks: bool = False
    neutral: Neutral | None = None
    overwrite: bool = False


def predict_inputs(
    paths: Sequence[Path], folder: Path, network: FaceNetwork, choices: Choices
) -> tuple[dict[Path, Path], bool]:
    """Write the outputs of each video, film and collection of photos that can be read; log the rest.

    Returns:
        The input of each file written, and whether everything could be read.
    """
    inputs, faults = find_inputs(paths, choices.images)
    for fault in faults:
        log.error("%s", fault)
    written: dict[Path, Path] = {}
    complete = not faults
    for one, name in zip(inputs, table_names(inputs, folder), strict=True):
        try:
            outputs = _missing_outputs(one, folder / name.removesuffix(".csv"), choices)
            if outputs:
                _predict_input(one, outputs, network, choices)
        except InputError as error:
            log.error("%s", error)
            complete = False
        else:
            written |= dict.fromkeys(outputs.values(), one.path)
            for path in outputs.values():
                log.info("wrote %s", path)
    return written, complete


def _missing_outputs(one: Input, stem: Path, choices: Choices) -> dict[str, Path]:
    """The files to make of an input; without ``overwrite`` those that are not there."""
    photos = one.kind == "photos"
    ends = {
        "csv": ".csv",
        "overlay": ".overlay.mp4" if not photos else ".overlay.jpg" if one.path.is_file() else ".overlay",
        "plot": ".timeline.png",
        "page": ".html",
        "summary": ".summary.csv",
    }
    kinds = [kind for kind in choices.outputs if not photos or kind in FOR_PHOTOS]
    outputs = {kind: stem.with_name(stem.name + ends[kind]) for kind in kinds}
    missing = {kind: path for kind, path in outputs.items() if choices.overwrite or not path.exists()}
    if there := [path.name for kind, path in outputs.items() if kind not in missing]:
        log.info(
            "%s: kept %s: --overwrite makes %s again",
            one.path,
            ", ".join(there),
            "them" if there[1:] else "it",
        )
    return missing


def _predict_input(one: Input, outputs: dict[str, Path], network: FaceNetwork, choices: Choices) -> None:
    source = one.open()
    neutral = {}
    if choices.neutral:
        if one.kind == "photos":
            raise InputError(f"{one.path}: photos have no common neutral expression: leave out --neutral")
        neutral = choices.neutral.measure(_frames(one, source, network, choices, "neutral expression"))
    with ExitStack() as stack:
        # The CSV last, so that it gets its name first.
        kinds = sorted(outputs, key=OUTPUTS.index, reverse=True)
        writers = [
            stack.enter_context(_make_writer(kind, outputs[kind], one, source, network, choices))
            for kind in kinds
        ]
        for frame in _frames(one, source, network, choices, "frames"):
            for writer in writers:
                writer.add(subtract_neutral(frame, neutral))


def _make_writer(
    kind: str, path: Path, one: Input, source: FrameSource, network: FaceNetwork, choices: Choices
) -> Writer:
    rate = getattr(source, "frame_rate", 0) or RATE
    words = f"{network.description}{f'; intensities {choices.neutral}' if choices.neutral else ''}"
    if kind == "csv":
        extra = {"neutral": str(choices.neutral)} if choices.neutral else {}
        return Table(path, network.aus, choices.table, choices.landmarks, extra)
    if kind == "overlay":
        return (
            OverlayPhotos(path, network.aus)
            if one.kind == "photos"
            else OverlayVideo(path, network.aus, rate)
        )
    of_clip: dict[str, Callable[..., Writer]] = {"plot": Timeline, "page": Page, "summary": Summary}
    return of_clip[kind](path, network.aus, rate, words)


def _frames(
    one: Input, source: FrameSource, network: FaceNetwork, choices: Choices, label: str
) -> Iterator[FrameEstimate]:
    """The estimates, with progress; what is odd about them is logged at the end.

    Raises:
        InputError: no frame can be decoded.
    """
    jumps, count, decoded, with_face = Jumps(), 0, 0, 0
    estimates = estimate_frames(one, source, network, choices.single)
    for frame in progress(estimates, f"{one.path.name}: {label}", len(source.numbers)):
        yield frame
        count += 1
        decoded += frame.image is not None
        with_face += bool(frame.faces)
        if choices.single:
            jumps.add(frame)
    what = "photos" if one.kind == "photos" else "frames"
    if not decoded:
        raise InputError(f"{one.path}: none of its {what} can be decoded: copy it again, or convert it")
    log.info("%s: %d of %d %s with a face", one.path, with_face, count, what)
    if decoded < count:
        log.warning("%s: %d of %d %s cannot be decoded", one.path, count - decoded, count, what)
    if one.kind != "photos" and (line := jumps.describe()):
        log.warning("%s: %s", one.path, line)
