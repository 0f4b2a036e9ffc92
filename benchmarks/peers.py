"""Frames per second of one core on one clip: ours, and what a user would run otherwise; Markdown.

    python benchmarks/peers.py VIDEO

Every way decodes the clip itself; seconds are processor time of the whole process, one thread per library,
models loaded, the better of two runs. OpenCV's own face pipeline is not among them: OpenCV 5 has no cascades
any more, and no package carries the weights of its YuNet.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from g2rl.faces.detectors import open_detector
from g2rl.faces.dlib_models import load_models
from g2rl.faces.tracker import NO_FACE, FaceTracker
from g2rl.inference.face_network import OWN_MODEL, open_network
from g2rl.inference.inputs import find_inputs
from g2rl.inference.video import estimate_frames
from g2rl.io.markdown import pipe_table

RUNS = 2


def frames(path: Path, grey: bool = True) -> Iterator[np.ndarray]:
    """As a user's loop reads them, with OpenCV."""
    video = cv2.VideoCapture(str(path))
    while (read := video.read())[0]:
        yield cv2.cvtColor(read[1], cv2.COLOR_BGR2GRAY if grey else cv2.COLOR_BGR2RGB)


def naive_dlib(path: Path) -> int:
    """dlib's detector on every whole frame, its predictor in the best box; frames with a face."""
    models, found = load_models(), 0
    for image in frames(path):
        if boxes := models.detector(image):
            models.predictor(image, boxes[0])
            found += 1
    return found


def each_frame_mediapipe(path: Path) -> int:
    detector = open_detector("mediapipe")
    return sum(detector.find_largest(image) is not None for image in frames(path, grey=False))


def tracked(name: str) -> Callable[[Path], int]:
    def follow(path: Path) -> int:
        detector = open_detector(name)
        tracker = FaceTracker(detector)
        return sum(tracker(image) is not NO_FACE for image in frames(path, not detector.COLOUR))

    return follow


def predict(path: Path, single: bool = True) -> int:
    """All that the CSV of ``g2rl predict`` needs, with the shipped model."""
    network = open_network(OWN_MODEL)
    ((one,), _) = find_inputs([path])
    return sum(bool(frame.faces) for frame in estimate_frames(one, one.open(), network, single))


WAYS: dict[str, Callable[[Path], int]] = {
    "dlib on every whole frame, landmarks alone": naive_dlib,
    "dlib, face followed as here, landmarks alone": tracked("dlib"),
    "MediaPipe's networks through OpenCV on every frame, landmarks alone": each_frame_mediapipe,
    "MediaPipe's networks through OpenCV, face followed as here, landmarks alone": tracked("mediapipe"),
    "g2rl predict --single, shipped model: landmarks, 17 AUs, pose, confidence": predict,
    "g2rl predict, every face": lambda path: predict(path, single=False),
}


def main(path: Path) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    total = sum(1 for _ in frames(path))
    rows = []
    for title, way in WAYS.items():
        way(path)  # models are loaded, caches warm
        seconds = []
        for _ in range(RUNS):
            start = time.process_time()
            found = way(path)
            seconds.append(time.process_time() - start)
        rows.append([title, f"{total / min(seconds):.1f}", f"{found} of {total}"])
    print(pipe_table(["way", "frames/s of one core", "frames with a face"], "|:--|--:|--:|", rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
