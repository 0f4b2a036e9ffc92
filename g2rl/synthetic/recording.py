"""What a subject does during a sequence: activations of AUs, head pose, gaze, blinks, a hidden face."""

from dataclasses import dataclass

import numpy as np

from g2rl.synthetic import actions
from g2rl.synthetic.scene import Pose

UNCODED_SHARE = 0.5  # how strongly AUs move that a dataset does not code


@dataclass(frozen=True)
class Recording:
    """What one sequence shows, frame by frame, before any image is drawn.

    Attributes:
        activation: (N, 14) of `actions.AUS`, in [0, 1].
        poses: one per frame.
        hidden: what hides the face in each frame: "", "board", "away" or "absent".
    """

    activation: np.ndarray
    poses: list[Pose]
    hidden: list[str]


def draw_recording(
    rng: np.random.Generator, frames: int, coded: tuple[int, ...], sparse: bool = False
) -> Recording:
    """Draw what a subject does during a sequence, of which the AUs ``coded`` are labelled; see
    `actions.tracks`."""
    activation = actions.tracks(rng, frames, sparse)
    activation[:, [k for k, au in enumerate(actions.AUS) if au not in coded]] *= UNCODED_SHARE

    def walk(deviation: float, steadiness: float = 9.0, middle: float = 0.0) -> np.ndarray:
        return middle + deviation * actions.smooth_noise(rng, 1, frames, steadiness)[:, 0]

    yaw = walk(0.09, middle=rng.normal(0, 0.05))
    pitch = walk(0.05, middle=rng.normal(0, 0.03))
    roll = walk(0.045)
    shift = np.stack([walk(0.14), walk(0.06), walk(0.15)], axis=1)
    gaze = np.stack([walk(0.14, 3.0), walk(0.08, 3.0)], axis=1)
    blink = np.zeros(frames)
    for middle in rng.uniform(0, frames, rng.poisson(frames / 40)):
        blink = np.maximum(blink, np.clip(1 - abs(np.arange(frames) - middle) / 1.6, 0, 1))
    poses = [
        Pose(yaw[t], pitch[t], roll[t], tuple(shift[t]), tuple(gaze[t]), 0.95 * blink[t])
        for t in range(frames)
    ]
    hidden = [""] * frames
    if frames >= 12 and rng.random() < 0.4:
        start, length = rng.integers(3, frames - 6), rng.integers(1, 4)
        what = str(rng.choice(["board", "away", "absent"]))
        hidden[start : start + length] = [what] * length
        if what == "away":
            turn = rng.choice([-1, 1]) * rng.uniform(1.9, 2.6)
            poses = [
                Pose(turn, 0.1, roll[t], tuple(shift[t])) if hidden[t] else pose
                for t, pose in enumerate(poses)
            ]
    return Recording(activation, poses, hidden)
