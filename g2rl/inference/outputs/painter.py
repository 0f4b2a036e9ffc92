"""What an overlay shows: boxes, points and heatmaps over the image, and beside it the AUs' bars."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from g2rl.action_units import MAX_INTENSITY, NAMES, au_name
from g2rl.inference.estimates import FaceEstimate, FrameEstimate
from g2rl.inference.outputs.heat import HeatPainter
from g2rl.io.figures import COLOURS

Colour = tuple[int, ...]
HEAT = 0.33  # opacity of the heatmaps at intensity 2 and above
LEAST_LINE = 15  # pixels of a line of text
LINES, ACROSS = 20, 30  # a line is no higher than this part of the image's height, and of its width
LONGEST = 1920  # larger images are reduced to this many pixels
PANEL = 18  # width of the panel of bars, in heights of a line
BARS = 10.6, 16.4  # where the bars start and end, in heights of a line
BACKGROUND, TRACK, TEXT, FAINT = (22, 24, 28), (52, 56, 62), (228, 230, 234), (150, 154, 160)
DOUBTFUL = (165, 165, 165)
FACE_COLOURS = [tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in COLOURS]
FONT = cv2.FontFace("sans")
BOLD = 600


class Painter:
    """Draws on images of one size."""

    def __init__(self, aus: Sequence[int], height: int, width: int) -> None:
        self.size = height, width
        least = LEAST_LINE * (len(aus) + 2)
        self._scale = min(max(1.0, least / height), LONGEST / max(height, width))
        self._shown = round(height * self._scale), round(width * self._scale)
        rows = max(self._shown[0], least)
        room = min(rows / LINES, self._shown[1] / ACROSS)
        self._line = min(rows / (len(aus) + 2), max(LEAST_LINE, room))
        self._empty = self._panel(aus, rows)
        self._heat = HeatPainter(HEAT)

    def _panel(self, aus: Sequence[int], height: int) -> np.ndarray:
        """The canvas with the names of the AUs and the tracks of their bars."""
        left, line = self._shown[1], self._line
        canvas = np.empty((height, left + round(PANEL * line), 3), np.uint8)
        canvas[:] = BACKGROUND
        for row, au in enumerate(aus, 1):
            self._text(canvas, au_name(au), (left + 0.6 * line, (row + 0.72) * line), FAINT)
            if au in NAMES:
                self._text(canvas, NAMES[au][0], (left + 3.1 * line, (row + 0.72) * line), TEXT)
            top, bottom = self._row(row)
            for level in range(MAX_INTENSITY):
                canvas[top:bottom, self._at(level) : self._at(level + 1) - 1] = TRACK
        return canvas

    def _at(self, intensity: float) -> int:
        """The column where a bar of this intensity ends."""
        share = min(max(intensity / MAX_INTENSITY, 0), 1)
        return self._shown[1] + round((BARS[0] + (BARS[1] - BARS[0]) * share) * self._line)

    def _row(self, row: int) -> tuple[int, int]:
        """The first and the last line of pixels of a row's bars."""
        return round((row + 0.2) * self._line), round((row + 0.82) * self._line)

    def _text(
        self, canvas: np.ndarray, text: str, at: tuple[float, float], colour: Colour, weight: int = 400
    ) -> None:
        where = round(at[0]), round(at[1])
        cv2.putText(canvas, text, where, colour, FONT, round(0.66 * self._line), weight)

    def draw(self, frame: FrameEstimate) -> np.ndarray:
        """The image, enlarged or reduced so that the text beside it can be read: (H', W', 3) uint8 RGB."""
        assert frame.image is not None
        canvas = self._empty.copy()
        height, width = self._shown
        image, faces = frame.image, [scaled(face, self._scale) for face in frame.faces]
        if self._scale != 1:
            kind = cv2.INTER_AREA if self._scale < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, (width, height), interpolation=kind)
        canvas[:height, :width] = image
        part = canvas[:height, :width]
        for face in faces:
            self._heat.paint(part, face)
        for face in faces:
            self._draw_face(part, face)
        self._write_header(canvas, frame)
        self._draw_bars(canvas, faces)
        return canvas

    def _draw_face(self, image: np.ndarray, face: FaceEstimate) -> None:
        colour = face_colour(face)
        left, top, right, bottom = (round(value) for value in face.box)
        stroke = max(1, round(self._line / 13))
        cv2.rectangle(image, (left, top), (right, bottom), colour, stroke, cv2.LINE_AA)
        for point in np.rint(face.landmarks).astype(int).tolist():
            cv2.circle(image, point, max(1, round((right - left) / 130)), TEXT, cv2.FILLED)
        label = f"face {face.face_id}" + ("" if face.success else ", doubtful")
        high, wide = round(self._line), round((0.5 + 0.36 * len(label)) * self._line)
        bottom = max(top, high)  # of the label
        cv2.rectangle(image, (left, bottom - high), (left + wide, bottom), colour, cv2.FILLED)
        self._text(image, label, (left + 0.3 * high, bottom - 0.28 * high), (255, 255, 255), BOLD)

    def _write_header(self, canvas: np.ndarray, frame: FrameEstimate) -> None:
        left, line = self._shown[1], self._line
        name = frame.file if frame.frame is None else f"frame {frame.frame}"
        self._text(canvas, name, (left + 0.6 * line, 0.78 * line), TEXT, BOLD)
        if np.isfinite(frame.timestamp):
            minutes, seconds = divmod(frame.timestamp, 60)
            self._text(canvas, f"{minutes:.0f}:{seconds:05.2f}", (self._at(0), 0.78 * line), FAINT)

    def _draw_bars(self, canvas: np.ndarray, faces: Sequence[FaceEstimate]) -> None:
        """In each AU's row a bar per face, and of a single face its intensity as a number."""
        shown = faces[: len(FACE_COLOURS)]
        for i, face in enumerate(shown):
            for row, intensity in enumerate(face.intensity.tolist(), 1):
                top, bottom = self._row(row)
                high = (bottom - top) / len(shown)
                bar = slice(round(top + i * high), round(top + (i + 1) * high))
                canvas[bar, self._at(0) : self._at(intensity)] = face_colour(face)
                if len(faces) == 1:
                    at = self._at(MAX_INTENSITY) + 0.2 * self._line, (row + 0.72) * self._line
                    self._text(canvas, f"{intensity:.1f}", at, TEXT if intensity >= 1 else FAINT)


def face_colour(face: FaceEstimate) -> Colour:
    """By ``face_id``; grey where the estimate is doubtful."""
    return FACE_COLOURS[face.face_id % len(FACE_COLOURS)] if face.success else DOUBTFUL


def scaled(face: FaceEstimate, scale: float) -> FaceEstimate:
    """The face in an image enlarged by ``scale``, pixel centres at whole numbers in both."""
    if scale == 1:
        return face
    shift = (scale - 1) / 2
    to_aligned = face.to_aligned / [scale, scale, 1]
    to_aligned[:, 2] -= to_aligned[:, :2].sum(1) * shift
    left, top, right, bottom = (np.array(face.box) * scale + shift).tolist()
    return replace(
        face, box=(left, top, right, bottom), landmarks=face.landmarks * scale + shift, to_aligned=to_aligned
    )
