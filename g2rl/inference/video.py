"""A user's own videos and photos, in one pass: decoding → faces → alignment → network → estimates."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from g2rl.config.alignment import DetectorName
from g2rl.faces.alignment import alignment_matrix
from g2rl.faces.confidence import LEAST, confidence
from g2rl.faces.detectors import Detector, open_detector
from g2rl.faces.jpeg import decode, encode
from g2rl.faces.pose import head_pose
from g2rl.faces.several import FacesTracker, FoundFace, find_faces
from g2rl.faces.tracker import NO_FACE, FaceTracker
from g2rl.faces.warp import transform_points, warp
from g2rl.inference.estimates import FaceEstimate, FrameEstimate
from g2rl.inference.face_network import FaceNetwork
from g2rl.inference.inputs import Input
from g2rl.io.ahead import FRAMES, ahead
from g2rl.io.frame_source import FrameSource
from g2rl.io.image_folder import ImageFolder

BATCH = 64  # faces
MOST_BYTES = 2**26  # of the images of a batch; three batches are in memory

Find = Callable[[np.ndarray | None], list[FoundFace]]


@dataclass(frozen=True)
class _Face:
    """A face before the network: what it will be in the estimate, and what the network takes."""

    found: FoundFace
    confidence: float
    pose: tuple[float, float, float]
    matrix: np.ndarray  # (2, 3)
    aligned: np.ndarray  # (S, S, 3) uint8
    landmarks: np.ndarray  # (68, 2) float32, pixels of the aligned 256×256 face


def estimate_frames(
    one: Input,
    source: FrameSource,
    network: FaceNetwork,
    single: bool = False,
    detector: DetectorName | None = None,
) -> Iterator[FrameEstimate]:
    """Every frame of a video or film, or every photo, in order. Memory does not grow with their number.

    A thread decodes and another finds faces while the network runs on batches of faces.

    Args:
        source: ``one``, opened.
        single: one face per frame: in a video the one that is followed, in a photo the largest.
        detector: of faces and landmarks; None: that of the network's training.
    """
    find = _finder(open_detector(detector or network.alignment.detector), one.kind == "photos", single)

    def faces() -> Iterator[tuple[int, np.ndarray | None, list[_Face]]]:
        for number, image in ahead(source.rgb(), FRAMES):
            found = find(image)
            yield number, image, [] if image is None else [_prepare(image, each, network) for each in found]

    for batch in ahead(_batches(faces()), 1):
        estimates = _estimate([face for _, _, prepared in batch for face in prepared], network)
        for number, image, prepared in batch:
            yield FrameEstimate(
                _file_name(one, source, number),
                None if one.kind == "photos" else number,
                source.timestamp(number),
                image,
                tuple(next(estimates) for _ in prepared),
            )


def _finder(detector: Detector, photos: bool, single: bool) -> Find:
    """What finds the faces in one image after another."""
    if not single:
        return partial(find_faces, detector) if photos else FacesTracker(detector)
    tracker = FaceTracker(detector)

    def find(image: np.ndarray | None) -> list[FoundFace]:
        import cv2

        nonlocal tracker
        if photos:
            tracker = FaceTracker(detector)
        if image is not None and not detector.COLOUR:
            image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        face = tracker(image)
        return [] if face is NO_FACE else [FoundFace(0, *face)]

    return find


def _prepare(image: np.ndarray, found: FoundFace, network: FaceNetwork) -> _Face:
    """Align a face as those of an aligned sequence are: through JPEG."""
    height, width = image.shape[:2]
    matrix = alignment_matrix(found.points, network.alignment)
    aligned = warp(image, matrix)
    jpeg = encode(aligned)
    pose = head_pose(found.points, width, height)
    return _Face(
        found,
        confidence(found.score, pose, aligned, matrix, network.image_size, found.points, (width, height)),
        pose,
        matrix,
        decode(jpeg, np.array([0, len(jpeg)], np.uint64), [0], network.image_size)[0],
        transform_points(matrix, found.points).astype(np.float32),
    )


def _batches(
    frames: Iterable[tuple[int, np.ndarray | None, list[_Face]]],
) -> Iterator[list[tuple[int, np.ndarray | None, list[_Face]]]]:
    """Frames together, until they have enough faces or take enough memory."""
    batch: list[tuple[int, np.ndarray | None, list[_Face]]] = []
    faces = size = 0
    for frame in frames:
        batch.append(frame)
        faces += len(frame[2])
        size += 0 if frame[1] is None else frame[1].nbytes
        if faces >= BATCH or size >= MOST_BYTES:
            yield batch
            batch, faces, size = [], 0, 0
    if batch:
        yield batch


def _estimate(faces: Sequence[_Face], network: FaceNetwork) -> Iterator[FaceEstimate]:
    if not faces:
        return
    intensity, heatmaps = network.predict_faces(
        np.stack([face.aligned for face in faces]), np.stack([face.landmarks for face in faces])
    )
    for face, values, maps in zip(faces, intensity, heatmaps, strict=True):
        found = face.found
        yield FaceEstimate(
            face_id=found.face_id,
            box=found.box,
            landmarks=found.points,
            score=found.score,
            confidence=face.confidence,
            success=face.confidence >= LEAST,
            pose=face.pose,
            intensity=values,
            heatmaps=maps,
            to_aligned=face.matrix,
        )


def _file_name(one: Input, source: FrameSource, number: int) -> str:
    """Of the video, or of the image."""
    if isinstance(source, ImageFolder):  # by number; the names are in the order of the alphabet
        return source.file(number).name
    return one.files[number - 1].name if one.kind == "photos" else one.path.name
