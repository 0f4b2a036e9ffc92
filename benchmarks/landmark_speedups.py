"""Processor time of finding landmarks with and without each of its two speed-ups, alternately.

    python benchmarks/landmark_speedups.py results        # after make all

Every run is a process of its own on the rendered sequences: models loaded, decoding included, frames without
a face left out, the best of three passes. Reported is the median over the runs. ``one_level``: the detector
searches one level of its pyramid (`g2rl/faces/dlib_one_level.py`). ``huge_pages``: memory in pages of 2 MB,
which the rule asks of glibc (`workflow/rules/landmarks.smk`).
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import cv2
from record import cost, record

from g2rl.datasets.registry import get_layout
from g2rl.faces import dlib_faces
from g2rl.faces.landmarks_file import read_landmarks
from g2rl.faces.tracker import FaceTracker
from g2rl.io.video import open_source

SEQUENCES = {"bp4d": ("F001_T1", "M003_T1", "F007_T2", "F012_T1"), "disfa": ("SN001", "SN002")}
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
WAYS: dict[str, dict[str, str]] = {
    "both": HUGE_PAGES,
    "without_one_level": HUGE_PAGES | {"G2RL_ONE_LEVEL": "0"},
    "without_huge_pages": {},
}
RUNS, PASSES = 6, 3


def milliseconds(results: Path, layout: str) -> float:
    """Per frame, in this process."""
    cv2.setNumThreads(1)
    best, frames = float("inf"), 0
    trackers = {name: FaceTracker(dlib_faces) for name in SEQUENCES[layout]}
    for _ in range(PASSES + 1):  # in the first one no face is known yet
        start, frames = time.process_time(), 0
        for name, tracker in trackers.items():
            landmarks = read_landmarks(results / f"synthetic_{layout}/landmarks/{name}.h5")
            wanted = frozenset(landmarks.frame[landmarks.found].tolist())
            media = get_layout(layout).media(results / f"raw/synthetic_{layout}", name)
            for _, grey in open_source(media)._frames(grey=True, wanted=wanted):
                tracker(grey)
            frames += len(wanted)
        best = min(best, (time.process_time() - start) / frames * 1e3)
    return best


def main(results: Path) -> None:
    for layout in SEQUENCES:
        times: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(RUNS):
            for way, variables in WAYS.items():
                command = [sys.executable, __file__, str(results), layout]
                done = subprocess.run(
                    command, env=os.environ | variables, check=True, capture_output=True, text=True
                )
                times[way].append(float(done.stdout))
        both, without_one_level, without_huge_pages = map(statistics.median, times.values())
        record(
            {
                f"landmarks_one_level_{layout}": cost(both, without_one_level, "ms per frame"),
                f"landmarks_huge_pages_{layout}": cost(both, without_huge_pages, "ms per frame"),
            },
            ("dlib-bin", "opencv-python-headless"),
        )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(milliseconds(Path(sys.argv[1]), sys.argv[2]))
    else:
        main(Path(sys.argv[1]))
