"""Action units: how each AU moves the face, where it furrows the skin, and how they go together in time."""

from statistics import NormalDist

import cv2
import numpy as np

from g2rl.synthetic.head import Head
from g2rl.synthetic.paint import FACE_SHAPE, noise, spot, strokes

AUS = (1, 2, 4, 5, 6, 9, 10, 12, 14, 15, 17, 20, 25, 26)
# Of speech and play; people rendered for transfer also show them, but they are never coded.
UNCODED = (18, 22, 28, 29, 30, 34)
MORE_AUS = (*AUS, 7, 23, 45, *UNCODED)

# Weights of the mesh's targets at intensity 5; linear below. Names as in `Head.target`.
TARGETS: dict[int, dict[str, float]] = {
    1: {"fu/browInnerUp": 1.7, "ex/eyebrows-@-inner-up": 1.3},
    2: {"fu/browOuterUp@": 1.0, "ex/eyebrows-@-extern-up": 0.7},
    4: {"fu/browDown@": 1.3, "ex/eyebrows-@-down": 0.7},
    5: {"fu/eyeWide@": 1.35},
    6: {"fu/cheekSquint@": 1.4, "fu/eyeSquint@": 0.9},
    7: {"fu/eyeSquint@": 1.4, "fu/eyeBlink@": 0.15},
    9: {"fu/noseSneer@": 1.5, "ex/nose-@-elevation": 0.8, "fu/browDown@": 0.2},
    10: {"fu/mouthUpperUp@": 1.0, "fu/noseSneer@": 0.25, "ex/nose-@-dilatation": 0.7},
    12: {"fu/mouthSmile@": 1.0},
    14: {"fu/mouthDimple@": 1.15, "fu/mouthPress@": 1.1},
    15: {"fu/mouthFrown@": 1.25, "ex/mouth-depression": 0.4},
    17: {"fu/mouthShrugLower": 1.7, "fu/mouthShrugUpper": 0.35},
    18: {"fu/mouthPucker": 1.0},
    20: {"fu/mouthStretch@": 1.45, "ex/mouth-retraction": 0.5, "ex/neck-platysma": 0.3},
    22: {"fu/mouthFunnel": 1.0},
    23: {"fu/mouthRollLower": 0.65, "fu/mouthRollUpper": 0.65, "ex/mouth-compression": 0.4},
    25: {"fu/mouthLowerDown@": 0.95, "ex/mouth-parling": 0.6},
    26: {"fu/jawOpen": 0.65},
    28: {"fu/mouthRollLower": 1.0, "fu/mouthRollUpper": 0.8},
    29: {"fu/jawForward": 1.0},
    30: {"fu/jawLeft": 0.8, "fu/mouthLeft": 0.5},
    34: {"fu/cheekPuff": 1.0},
    45: {"fu/eyeBlink@": 0.95},
}

# Correlations of the AUs as factor loadings: rows are expressions (smile, surprise, sorrow, disgust,
# strain, talk), and each AU has a variance of its own to make its total 1.
_LOADINGS: dict[int, tuple[float, float, float, float, float, float]] = {
    1: (0.0, 0.65, 0.40, 0.0, 0.15, 0.0),
    2: (0.0, 0.80, -0.15, -0.10, 0.0, 0.0),
    4: (-0.15, -0.30, 0.40, 0.45, 0.15, 0.0),
    5: (-0.15, 0.60, 0.0, -0.30, 0.15, 0.0),
    6: (0.70, -0.15, 0.0, 0.25, 0.10, 0.0),
    9: (0.10, -0.10, 0.0, 0.70, 0.0, 0.0),
    10: (0.10, 0.0, 0.10, 0.60, 0.0, 0.10),
    12: (0.80, 0.0, -0.30, 0.0, 0.0, 0.0),
    14: (0.15, -0.10, 0.10, 0.0, 0.55, -0.25),
    15: (-0.35, 0.0, 0.65, 0.10, 0.10, 0.0),
    17: (-0.15, 0.0, 0.60, 0.15, 0.10, -0.35),
    20: (0.0, 0.15, 0.0, 0.0, 0.65, 0.10),
    25: (0.30, 0.25, -0.25, 0.10, 0.0, 0.60),
    26: (0.10, 0.45, -0.15, 0.0, 0.0, 0.65),
}
# Range of each AU's displacement in a face at rest, as a share of its movement at intensity 5; negative: the
# opposite direction. Assumed.
_REST: dict[int, tuple[float, float]] = {
    1: (-0.35, 0.5), 2: (-0.35, 0.5), 4: (-0.3, 0.55), 5: (-0.35, 0.35), 6: (-0.1, 0.1), 7: (-0.15, 0.15),
    9: (-0.1, 0.1), 10: (-0.15, 0.15), 12: (-0.2, 0.2), 14: (-0.1, 0.1), 15: (-0.25, 0.25), 17: (-0.2, 0.2),
    20: (-0.15, 0.15), 23: (-0.1, 0.2),
}  # fmt: skip
_DECIMALS = 9
_CORRELATION_FRAMES = 5.0  # clips are short, so events are fast, as in a video kept every few frames
# activation = clip((z - ONSET) / SPAN, 0, 1) of a standard normal z: 52 % of labels 0, and 15, 13, 9, 6
# and 5 % of them 1 to 5.
_ONSET, _SPAN = -0.15, 2.0
# Sparse activations: the share of labels of 2 or more, as published for DISFA,
# resources/published_totals.csv; of AUs 5, 10, 14, 15, 17 and 20 assumed.
_SHARES = {1: 0.05, 2: 0.04, 4: 0.15, 5: 0.01, 6: 0.079, 9: 0.042, 10: 0.08}
_SHARES |= {12: 0.129, 14: 0.08, 15: 0.02, 17: 0.03, 20: 0.02, 25: 0.278, 26: 0.089}
_SPARSE_SPAN = 1.25


def offsets(head: Head, aus: tuple[int, ...] = AUS) -> np.ndarray:
    """(A, V, 3) float32: how far each of ``aus`` moves every vertex at intensity 5."""
    return np.stack([sum(w * head.target(name) for name, w in TARGETS[au].items()) for au in aus])


def furrows(rng: np.random.Generator, aus: tuple[int, ...] = AUS) -> np.ndarray:
    """(A, *FACE_SHAPE) float32 depth of the furrows of each of ``aus``, about 1 at the deepest, of one
    person."""

    def j(deviation: float) -> float:
        return rng.normal(0, deviation)

    groove = {}
    rows = np.array([7.66, 7.75, 7.84]) + rng.normal(0, 0.012, 3)
    groove[1] = strokes(
        [[(-0.24, y + j(0.01)), (-0.08, y + 0.03), (0.08, y + 0.03), (0.24, y + j(0.01))] for y in rows],
        2, 1.7, False,
    ) * 1.2  # fmt: skip
    groove[2] = strokes(
        [[(0.20, y - 0.01 + j(0.01)), (0.34, y + 0.02 + j(0.01)), (0.50, y - 0.04 + j(0.01))] for y in rows],
        2, 1.7,
    )  # fmt: skip
    columns = (0.05,) if rng.random() < 0.5 else (0.035, 0.08)
    groove[4] = strokes(
        [[(u + j(0.006), 7.38), (u + 0.008 + j(0.005), 7.48), (u + 0.015 + j(0.01), 7.60)] for u in columns],
        2, 1.6,
    ) * 1.1  # fmt: skip
    groove[5] = strokes([[(0.17, 7.375), (0.30, 7.42 + j(0.006)), (0.44, 7.375)]], 2, 1.4) * 0.7
    groove[6] = strokes(
        [[(0.49, 7.285 + j(0.01)), (0.57, 7.285 + k / 2 + j(0.01)), (0.66, 7.285 + k + j(0.01))]
         for k in (-0.11, -0.03, 0.05)], 1, 1.3,
    ) + strokes([[(0.17, 7.20), (0.28, 7.145 + j(0.01)), (0.42, 7.17)],
                 [(0.21, 7.09), (0.33, 7.04 + j(0.01)), (0.46, 7.09)]], 2, 1.7) * 0.9  # fmt: skip
    groove[9] = strokes(
        [[(-0.09, y + 0.02), (0, y - 0.01 + j(0.006)), (0.09, y + 0.02)] for y in (7.27, 7.325, 7.38)],
        2, 1.3, False,
    ) + strokes(
        [[(0.06, 7.14 + k), (0.11, 7.21 + k), (0.16, 7.23 + k)] for k in (0, -0.055)], 1, 1.3
    )  # fmt: skip
    fold = [
        (0.15, 6.97 + j(0.01)),
        (0.215 + j(0.006), 6.86),
        (0.27 + j(0.006), 6.76),
        (0.305, 6.65),
        (0.31, 6.54),
    ]
    groove[10] = (
        strokes([fold[:3]], 3, 2.0) * 1.3
        + strokes([[(0.045, 6.83), (0.05, 6.77 + j(0.01)), (0.04, 6.72)]], 2, 1.6) * 0.5
    )
    groove[12] = strokes([fold[1:]], 3, 2.2) * 1.2
    groove[14] = (
        spot(0.31 + j(0.005), 6.61, 0.022, 0.036) * 1.5
        + strokes([[(0.285, 6.69), (0.315, 6.61), (0.29, 6.53)]], 2, 1.5) * 0.9
    )
    groove[15] = strokes([[(0.245, 6.575), (0.28 + j(0.005), 6.50), (0.295 + j(0.005), 6.39)]], 3, 1.8) * 1.1
    pebbles = noise(rng, FACE_SHAPE, 2.8)
    groove[17] = np.clip(pebbles, 0, 2) * 0.6 * spot(0, 6.33, 0.15, 0.075) + strokes(
        [[(-0.17, 6.42), (-0.08, 6.45), (0, 6.46 + j(0.006)), (0.08, 6.45), (0.17, 6.42)]], 2, 1.8, False
    ) * 1.3  # fmt: skip
    groove[20] = (
        strokes([[(0.325 + k, 6.70), (0.355 + k, 6.60), (0.335 + k, 6.48)] for k in (0, 0.065)], 2, 1.7) * 1.1
        + strokes([[(0.14, 6.47), (0.22, 6.45 + j(0.006)), (0.29, 6.47)]], 2, 1.7) * 0.6
    )
    groove[25] = strokes([[(-0.13, 6.43), (0, 6.415 + j(0.006)), (0.13, 6.43)]], 2, 2.0, False) * 0.5
    if 7 in aus:
        groove[7] = strokes([[(0.17, 7.19), (0.29, 7.165 + j(0.006)), (0.42, 7.19)]], 2, 1.5) * 0.8
    if 23 in aus:
        groove[23] = strokes(
            [[(u + j(0.008), 6.70), (u, 6.66)] for u in (0.03, 0.08, 0.13)]
            + [[(u + j(0.008), 6.44), (u, 6.49)] for u in (0.03, 0.09)], 1, 1.3,
        ) * 0.8  # fmt: skip
    nothing = np.zeros(FACE_SHAPE, np.float32)
    return np.stack([cv2.min(groove.get(au, nothing), 1.8) for au in aus]).astype(np.float32)


def tracks(rng: np.random.Generator, frames: int, sparse: bool = False) -> np.ndarray:
    """(frames, 14) float64 activations of `AUS` in [0, 1], smooth in time and correlated as in life.

    Each AU is a Gaussian process with squared-exponential correlation in time, mixed from expressions by
    `_LOADINGS`, cut off below: so about half of an AU's frames are exactly 0; of ``sparse`` ones 63 to 97 %.
    """
    loadings = np.array([_LOADINGS[au] for au in AUS])
    own = np.sqrt(1 - np.square(loadings).sum(axis=1))
    expressions = smooth_noise(rng, loadings.shape[1], frames, _CORRELATION_FRAMES)
    z = expressions @ loadings.T + smooth_noise(rng, len(AUS), frames, _CORRELATION_FRAMES) * own
    if sparse:  # of a standard normal z, a share is labelled 2 or more, from an activation of 0.3 on
        onsets = [NormalDist().inv_cdf(1 - _SHARES[au]) - 0.3 * _SPARSE_SPAN for au in AUS]
        return np.clip((z - onsets) / _SPARSE_SPAN, 0, 1).round(_DECIMALS)
    return np.clip((z - _ONSET) / _SPAN, 0, 1).round(_DECIMALS)


def draw_rest(rng: np.random.Generator, aus: tuple[int, ...]) -> np.ndarray:
    """(A,) displacement of a person's face at rest along ``aus``, as a share of the movement at intensity 5.

    So brows lie high or low, lids are wide or narrow, corners of the mouth point up or down, and none of the
    AUs is coded for it. Lips that part by it are coded in photos: see `g2rl.synthetic.people.lips_apart`.
    """
    return np.array([rng.uniform(*_REST.get(au, (0.0, 0.0))) for au in aus])


def labels(activation: np.ndarray) -> np.ndarray:
    """Integer intensities 0 to 5 (int8) of activations in [0, 1]: five times them, rounded."""
    return np.rint(5 * activation).astype(np.int8)


def smooth_noise(rng: np.random.Generator, count: int, frames: int, correlation: float) -> np.ndarray:
    """(frames, count) unit-variance Gaussian processes, correlated over about ``correlation`` frames.

    Rounded, so that no file has the last bits, which depend on the processor.
    """
    sigma = correlation / np.sqrt(2)
    reach = int(np.ceil(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= np.sqrt(np.square(kernel).sum())
    white = rng.standard_normal((frames + 2 * reach, count))
    noise = np.stack([np.convolve(white[:, k], kernel, "valid") for k in range(count)], axis=1)
    return noise.round(_DECIMALS)
