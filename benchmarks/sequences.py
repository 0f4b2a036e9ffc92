"""Random reads from aligned sequences compared with decoding the same JPEG bytes, on one core and on two.

    python benchmarks/sequences.py

Faces of several aligned sequences are read from disk, joined, and decoded in random batches. The alternative
calls OpenCV's `imdecode` on the same bytes, cut out beforehand, and discards the result. Both alternate.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from record import best_times, rate, record
from skimage.data import astronaut

from g2rl.datasets.labels import Labels
from g2rl.faces.align_sequence import align_sequence
from g2rl.faces.alignment import TEMPLATE
from g2rl.faces.jpeg import ALIGNED_SIZE, decode
from g2rl.faces.landmarks_file import Landmarks
from g2rl.faces.sequence_file import join, read_sequence
from g2rl.io.frame_source import FrameSource

BATCH = 16
TURNS = 5


class Photographs(FrameSource):
    """A photograph of a face, every frame another way turned and lit."""

    def __init__(self, frames: int, seed: int) -> None:
        self.path, self.numbers, self.seed = Path("photograph"), range(1, frames + 1), seed

    def _frames(self, grey, wanted):
        image = cv2.resize(
            astronaut()[:300, 80:380], (ALIGNED_SIZE, ALIGNED_SIZE), interpolation=cv2.INTER_AREA
        )
        rng = np.random.default_rng(self.seed)
        for number in self.numbers:
            turn = cv2.getRotationMatrix2D((128, 128), rng.normal(0, 5), rng.uniform(0.95, 1.1))
            turned = cv2.warpAffine(image, turn, (ALIGNED_SIZE, ALIGNED_SIZE), borderMode=cv2.BORDER_REFLECT)
            noise = rng.normal(0, 2, turned.shape)
            yield number, np.clip(turned * rng.uniform(0.8, 1.1) + noise, 0, 255).astype(np.uint8)


def run(sequences: int = 8, frames: int = 250) -> dict[str, dict]:
    """Measure: ``{name: {"ours", "other", "ratio", "unit"}}``; the ratio is ours / other."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.h5") for number in range(sequences)]
        for seed, path in enumerate(paths):
            write(path, frames, seed)
        jpeg, offsets = join(read_sequence(path) for path in paths)
    order = np.random.default_rng(0).permutation(sequences * frames)
    cut = [jpeg[int(offsets[i]) : int(offsets[i + 1])].copy() for i in order]
    out = np.empty((BATCH, ALIGNED_SIZE, ALIGNED_SIZE, 3), np.uint8)
    batches = np.array_split(order, len(order) // BATCH)

    def pure() -> None:
        for data in cut:
            cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)

    def ours() -> None:
        for batch in batches:
            decode(jpeg, offsets, batch, ALIGNED_SIZE, out[: len(batch)])

    def small() -> None:
        for batch in batches:
            decode(jpeg, offsets, batch, ALIGNED_SIZE // 2)

    everything = np.empty((len(order), ALIGNED_SIZE, ALIGNED_SIZE, 3), np.uint8)

    def one_core() -> None:
        decode(jpeg, offsets, order, out=everything)

    with ThreadPoolExecutor(2) as pool:

        def two_cores() -> None:
            decode(jpeg, offsets, order, out=everything, pool=pool)

        processor = best_times((pure, ours, small), TURNS, time.process_time)
        one, two = best_times((one_core, two_cores), TURNS)  # wall-clock: CPU time does not show two cores
    decoder, single, halved, one, two = (len(order) / seconds for seconds in (*processor, one, two))
    unit = "faces/s"
    return {
        "shard_vs_decode": rate(single, decoder, unit),
        "shard_vs_decode_128_pixels": rate(halved, decoder, unit),
        "shard_vs_decode_two_cores": rate(two, one, f"{unit}, two cores and one"),
    }


def write(path: Path, frames: int, seed: int) -> None:
    source = Photographs(frames, seed)
    numbers = np.array(source.numbers, np.int32)
    everywhere = np.repeat(TEMPLATE[None].astype(np.float32), frames, 0)
    found, score, box = np.ones(frames, bool), np.ones(frames, np.float32), np.zeros((frames, 4), np.float32)
    labels = Labels(numbers, np.zeros((frames, 5), np.int8), (6, 10, 12, 14, 17))
    align_sequence(source, Landmarks(numbers, found, score, box, everywhere), labels, "S", path.stem, path)


if __name__ == "__main__":
    record(run(), ("opencv-python-headless", "numpy", "h5py"))
