"""Harder faces, where geometry should help most: shards with noise, or with a part of each face covered.

    python benchmarks/degrade.py noise results/synthetic_bp4d/cache hard/results/synthetic_bp4d/cache

Landmarks stay those of the clear faces: the geometry knows more than the pixels show. ``noise``: Gaussian, of
standard deviation 100 at 256 pixels. ``cover``: a grey square of 110 pixels at a random place of each frame.
Same input, same bytes. The trainings then run in the folder ``hard``.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from g2rl.cache import decode, encode, read_shard, write_shard

NOISE, SQUARE = 100.0, 110


def noise(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return (face + NOISE * random.standard_normal(face.shape)).clip(0, 255).astype(np.uint8)


def cover(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    x, y = random.integers(10, 246 - SQUARE, 2)
    face = face.copy()
    face[y : y + SQUARE, x : x + SQUARE] = 127
    return face


def main(kind: str, source: Path, target: Path) -> None:
    change = {"noise": noise, "cover": cover}[kind]
    for number, path in enumerate(sorted(source.glob("*.h5"))):
        shard, random = read_shard(path), np.random.default_rng(number)
        faces = decode(shard.jpeg, shard.offsets, np.arange(len(shard.frame)))
        pictures = [encode(change(face, random)).ravel() for face in faces]
        offsets = np.cumsum([0, *map(len, pictures)], dtype=np.uint64)
        jpeg = np.concatenate([np.empty(0, np.uint8), *pictures])
        write_shard(target / path.name, replace(shard, jpeg=jpeg, offsets=offsets))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
