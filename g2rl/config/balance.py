"""What λ of Eq. 8 weighs in each reading of the losses: one scale for all readings, and for all σ."""

import math

from g2rl.config.training import Settings, Training

G_NUMBERS = 256  # of G and of W×M


def relative_height(amplitude: str, sigma: float) -> float:
    """Height of a heatmap in units of Eq. 1's, I/(2πσ²)."""
    return {"eq1": 1.0, "intensity": 1.0, "intensity255": 255.0}[amplitude] * (
        1 if amplitude == "eq1" else 2 * math.pi * sigma**2
    )


def map_energy(amplitude: str, sigma: float) -> float:
    """Sum of the squared pixels of the heatmap of intensity 1, away from the border.

    Of Eq. 1 it is 1/(4πσ²), to 3 % for σ ≥ 0.7; below, pixels are too few for the integral: they are summed.
    """
    reach = math.ceil(7 * sigma)
    along = sum(math.exp(-((n / sigma) ** 2)) for n in range(-reach, reach + 1))
    return (relative_height(amplitude, sigma) / (2 * math.pi * sigma**2) * along) ** 2


def effective_lambda(lam: float, sigma: float, training: Training, maps: int) -> float:
    """The λ that weighs L_G against L_S as much where both are sums and heatmaps are as high as in Eq. 1.

    A network whose heatmaps are c times as high has c² times the L_S; a mean is the sum over its terms'
    number. The learning of W and of the head is taken to follow these scales.

    Args:
        maps: P, the number of heatmaps: 10 of BP4D and 24 of DISFA with the default centres.
    """
    odds = lam / (1 - lam) / relative_height(training.amplitude, sigma) ** 2
    if training.heatmap_reduction == "mean":
        odds *= maps * training.map_size**2
    if training.geometry_reduction == "mean":
        odds /= G_NUMBERS
    return odds / (1 + odds)


def matched_lambda(lam: float, base: float, sigma: float, amplitude: str) -> float:
    """The λ that keeps λ·L_G / (1 − λ)·L_S at ``sigma`` what ``lam`` makes it at σ = ``base``.

    At one λ the ratio changes with σ as the energy of a heatmap does: 41-fold over Figure 6's values.

    Returns:
        λ to four significant digits, as it stands in the name of a run's folder.
    """
    if sigma == base:
        return lam
    odds = lam / (1 - lam) * map_energy(amplitude, sigma) / map_energy(amplitude, base)
    return float(f"{odds / (1 + odds):.4g}")


def is_as_printed(training: Training) -> bool:
    """Whether both losses are sums and heatmaps are as high as in Eq. 1, so that λ is the effective one."""
    keys = ("amplitude", "heatmap_reduction", "geometry_reduction")
    return all(getattr(training, key) == getattr(Settings, key) for key in keys)
