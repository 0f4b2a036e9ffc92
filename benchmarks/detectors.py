"""dlib and MediaPipe on videos of one person: frames with a face, time per frame, agreement of the landmarks.

    python benchmarks/detectors.py VIDEO…

Milliseconds are processor time of one thread, without decoding. Agreement: over frames in which both find the
same face, the mean distance between their points inside the face (17 to 67), each set aligned on its own; in
distances between the template's outer eye corners. Size: of the aligned face by MediaPipe's points, relative
to dlib's.
"""

import sys
import time
from pathlib import Path

import cv2
import numpy as np

from g2rl.faces.alignment import TEMPLATE, alignment_matrix
from g2rl.faces.boxes import overlap
from g2rl.faces.detectors import OVERLAP, Face, open_detector
from g2rl.faces.tracker import NO_FACE, FaceTracker
from g2rl.faces.warp import transform_points
from g2rl.io.video import open_source

EYES = np.linalg.norm(TEMPLATE[45] - TEMPLATE[36])


def follow(path: Path, name: str) -> tuple[list[Face], float]:
    """The face of each frame, and milliseconds per frame."""
    detector = open_detector(name)
    tracker, faces, spent = FaceTracker(detector), [], 0.0
    for _, image in open_source(path).rgb():
        if image is not None and not detector.COLOUR:
            image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        start = time.thread_time()
        faces.append(tracker(image))
        spent += time.thread_time() - start
    return faces, 1e3 * spent / len(faces)


def compare(first: list[Face], second: list[Face]) -> tuple[int, float, float]:
    """Frames with one face found by both, the mean distance of its points, its size by the second's."""
    pairs = [
        (a.points, b.points)
        for a, b in zip(first, second, strict=True)
        if a is not NO_FACE and b is not NO_FACE and overlap(a.box, b.box) > OVERLAP
    ]
    matrices = [[alignment_matrix(points) for points in pair] for pair in pairs]
    aligned = [
        [transform_points(m, p) for m, p in zip(*each, strict=True)]
        for each in zip(matrices, pairs, strict=True)
    ]
    apart = [np.linalg.norm(a - b, axis=1)[17:].mean() / EYES for a, b in aligned]
    size = [np.sqrt(np.linalg.det(b[:, :2]) / np.linalg.det(a[:, :2])) for a, b in matrices]
    return len(pairs), float(np.mean(apart)), float(np.mean(size))


def main() -> None:
    cv2.setNumThreads(1)
    print("| video | frames | dlib: found | ms | MediaPipe: found | ms | both | distance | size |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for path in map(Path, sys.argv[1:]):
        (dlib, dlib_ms), (mesh, mesh_ms) = (follow(path, name) for name in ("dlib", "mediapipe"))
        found = [sum(face is not NO_FACE for face in faces) for faces in (dlib, mesh)]
        both, apart, size = compare(dlib, mesh)
        numbers = (
            f"{found[0]} | {dlib_ms:.1f} | {found[1]} | {mesh_ms:.1f} | {both} | {apart:.3f} | {size:.3f}"
        )
        print(f"| {path.parent.name}/{path.name} | {len(dlib)} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
