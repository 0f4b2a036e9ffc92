"""How a person looks: tone of the skin, colour and style of the hair, drawn from sex, age and ancestry."""

from dataclasses import dataclass

import numpy as np

# Linear RGB, from the lightest to the darkest.
_SKIN = np.array(
    [[0.80, 0.56, 0.46], [0.70, 0.46, 0.35], [0.56, 0.35, 0.25], [0.40, 0.24, 0.165], [0.27, 0.155, 0.105]]
) ** 1.35  # fmt: skip
_HAIR = np.array(
    [[0.016, 0.012, 0.010], [0.035, 0.020, 0.013], [0.075, 0.042, 0.022], [0.26, 0.165, 0.075],
     [0.16, 0.055, 0.02]]
)  # fmt: skip
_GREY = 0.36


@dataclass(frozen=True)
class Looks:
    """What a person's texture is painted from; colours are linear RGB.

    Attributes:
        female: women have fuller lashes, may wear make-up and have no beard.
        old: age, 0 (young) to 0.75.
        ancestry: (3,) shares of caucasian, african, asian; their sum is 1.
        tone: 0 (light) to 4 (dark); skin: (3,) its colour.
        hair: (3,) colour of hair, brows and beard.
        style: "short", "long", "tied", "cropped" or "bald".
        varied: see `g2rl.synthetic.person.make_person`.
    """

    female: bool
    old: float
    ancestry: np.ndarray
    tone: float
    skin: np.ndarray
    hair: np.ndarray
    style: str
    varied: bool


def draw_looks(
    rng: np.random.Generator, female: bool, old: float, ancestry: np.ndarray, varied: bool = False
) -> Looks:
    """Draw skin and hair of a person of this sex, age and ancestry."""
    middle = sum(share * tone for share, tone in zip(ancestry, (0.4, 3.2, 1.0), strict=True))
    tone = float(np.clip(middle + rng.normal(0, 0.45), 0, 4))
    skin = np.array([np.interp(tone, range(5), _SKIN[:, c]) for c in range(3)]) * (1 + rng.normal(0, 0.03, 3))
    pick = rng.choice(5, p=[0.2, 0.25, 0.3, 0.15, 0.1] if ancestry[0] > 0.5 else [0.7, 0.3, 0, 0, 0])
    hair = _HAIR[pick] * rng.uniform(0.8, 1.2)
    if old > 0.5:
        hair += (_GREY - hair) * np.clip((old - 0.5) * rng.uniform(1.5, 3.5), 0, 0.85)
    style = rng.choice(
        ["short", "long", "tied", "cropped", "bald"],
        p=[0.25, 0.45, 0.3, 0, 0] if female else [0.6, 0.1, 0.0, 0.22, 0.08],
    )
    return Looks(female, old, ancestry, tone, skin, hair, str(style), varied)
