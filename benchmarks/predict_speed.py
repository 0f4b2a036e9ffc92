"""Frames per second of ``g2rl predict``, where the processor time goes, and whether memory grows.

    python benchmarks/predict_speed.py MODEL VIDEO

Estimates alone, as for the CSV. Times of functions are their threads' processor time, so that waiting is not
counted; decoding is what remains.
"""

import argparse
import os
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import g2rl.faces.dlib_faces as dlib_faces
import g2rl.faces.mediapipe as mediapipe
import g2rl.faces.several as several
import g2rl.inference.video as video
from g2rl.inference.face_network import open_network
from g2rl.inference.inputs import find_inputs
from g2rl.io.ahead import share_cores

STEPS = {
    dlib_faces: ("find_near", "find_all"),
    mediapipe: ("find_near", "find_all"),
    several: ("_look",),
    video: ("alignment_matrix", "warp", "encode", "decode", "head_pose", "confidence"),
}
WARM = 256  # frames before the clock starts: libraries load, and the memory of a full pipeline is taken


def timed(function: Callable, spent: Counter) -> Callable:
    def call(*arguments: Any) -> Any:
        start = time.thread_time()
        try:
            return function(*arguments)
        finally:
            spent[function.__name__] += time.thread_time() - start

    return call


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("video", type=Path)
    options = parser.parse_args()
    share_cores()
    spent: Counter = Counter()
    for module, names in STEPS.items():
        for name in names:
            setattr(module, name, timed(getattr(module, name), spent))
    network = open_network(options.model)
    predict = network.predict_faces
    network.predict_faces = timed(predict, spent)  # type: ignore[method-assign]
    ((one,), _) = find_inputs([options.video])
    count = 0
    for count, _ in enumerate(video.estimate_frames(one, one.open(), network), 1):
        if count == WARM:
            spent.clear()
            start, processor, memory = time.perf_counter(), time.process_time(), peak()
    frames = count - WARM
    wall, processor = time.perf_counter() - start, time.process_time() - processor
    print(f"{frames} frames on {len(os.sched_getaffinity(0))} cores: {frames / wall:.0f} frames/s")
    print(f"memory: {memory:.0f} MB after {WARM} frames, {peak():.0f} MB at the end")
    print(f"processor time per frame: {1e3 * processor / frames:.2f} ms, of it")
    for name, seconds in spent.most_common():
        print(f"  {name}: {1e3 * seconds / frames:.2f} ms")


def peak() -> float:
    """Most memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
