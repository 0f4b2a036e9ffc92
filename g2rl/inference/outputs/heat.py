"""Heatmaps in units of intensity, and the colours that they are shown in."""

import cv2
import numpy as np

from g2rl.action_units import MAX_INTENSITY
from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.inference.estimates import FaceEstimate

# ColorBrewer's YlOrRd at intensities 0 to 5: redder is higher, as in the paper's Figure 4.
RAMP = np.array([(255, 255, 204), (254, 217, 118), (253, 141, 60), (227, 26, 28), (189, 0, 38), (128, 0, 38)])

FAINT = 0.3  # intensity below which nothing is shown; from 2 on the colours are no more transparent


def intensity_maps(face: FaceEstimate, size: int | None = None) -> np.ndarray:
    """(K, S', S') float32: each AU's heatmap, scaled so that its maximum is the AU's intensity, 0–5.

    Args:
        size: S', if it is to be smaller than the network's.
    """
    maps = np.maximum(face.heatmaps, 0)
    if size is not None and size < maps.shape[-1]:
        maps = np.stack([cv2.resize(each, (size, size), interpolation=cv2.INTER_AREA) for each in maps])
    peak = maps.max((1, 2))
    scale = np.divide(face.intensity, peak, out=np.zeros_like(peak), where=peak > 0)
    return maps * scale[:, None, None]


def to_map(face: FaceEstimate, size: int) -> np.ndarray:
    """(2, 3) matrix from the image's pixels to a heatmap's of ``size``, pixel centres at whole numbers."""
    ratio = size / ALIGNED_SIZE
    matrix = face.to_aligned * ratio
    matrix[:, 2] += (ratio - 1) / 2
    return matrix


def colour_table(opacity: float) -> tuple[np.ndarray, np.ndarray]:
    """(256, 1, 3) uint8 colours of a heatmap's values 0–255, and how opaque each is: (256,) float32, 0–1."""
    value = np.linspace(0, MAX_INTENSITY, 256)
    levels = np.arange(MAX_INTENSITY + 1)
    colours = np.stack([np.interp(value, levels, channel) for channel in RAMP.T], 1)
    return colours.round().astype(np.uint8)[:, None], (
        opacity * np.clip((value - FAINT) / (2 - FAINT), 0, 1)
    ).astype(np.float32)


class HeatPainter:
    """Lays the heatmaps of faces over an image."""

    def __init__(self, opacity: float) -> None:
        self._colours, self._opacity = colour_table(opacity)

    def paint(self, image: np.ndarray, face: FaceEstimate) -> None:
        """Change ``image`` (H, W, 3) where the maximum over the AUs' heatmaps is above 0."""
        size = face.heatmaps.shape[-1]
        heat = (intensity_maps(face).max(0) * (255 / MAX_INTENSITY)).astype(np.uint8)
        back = cv2.invertAffineTransform(to_map(face, size))
        corners = np.array([(-0.5, -0.5), (size, -0.5), (-0.5, size), (size, size)]) @ back[:, :2].T
        corners += back[:, 2]
        x0, y0 = np.maximum(np.floor(corners.min(0)).astype(int), 0)
        x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, image.shape[1::-1])
        if x1 <= x0 or y1 <= y0:
            return
        back[:, 2] -= (x0, y0)
        heat = cv2.warpAffine(heat, back, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
        part = image[y0:y1, x0:x1]
        opacity, colours = cv2.LUT(heat, self._opacity), cv2.applyColorMap(heat, self._colours)
        part[:] = cv2.blendLinear(colours, np.ascontiguousarray(part), opacity, 1 - opacity)
