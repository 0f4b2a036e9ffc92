"""Page: one HTML file with the video, the timelines and the heatmaps in it, which needs no network.

The template, its style and its scripts are ``page.*`` and ``page_draw.js`` of the resources. Data is written
into the page as it comes, so that memory does not grow with the heatmaps or the video.
"""

import base64
import json
import tempfile
import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from g2rl.action_units import MAX_INTENSITY, NAMES, au_name
from g2rl.errors import os_errors_as_input_errors
from g2rl.inference.estimates import FaceEstimate, FrameEstimate
from g2rl.inference.outputs.heat import FAINT, RAMP, intensity_maps, to_map
from g2rl.inference.outputs.mp4 import Mp4
from g2rl.inference.outputs.series import SeriesWriter
from g2rl.io.atomic import atomic_path
from g2rl.io.figures import COLOURS
from g2rl.io.tables import RESOURCES

LONGEST = 640  # pixels of the video in the page
QUALITY = 26  # H.264's constant rate factor
MAP_SIZE = 32  # pixels of the heatmaps in the page, at most
LEVELS = 32  # of a heatmap's intensities; more of them compress worse
CHUNK = 64  # faces whose heatmaps are compressed together
PLACE = 11  # numbers of a face: confidence, box, the matrix from the image to its heatmaps
PIECE = 3 * 2**18  # bytes that are encoded at once: a multiple of 3, so that base64 has no padding between


class Page(SeriesWriter):
    """``holiday.html``."""

    def __init__(self, path: Path, aus: Sequence[int], fps: float, model: str) -> None:
        """Arguments: see ``SeriesWriter``."""
        super().__init__(path, aus, fps, model)
        self._fps = fps
        self._number, self._place = array("d"), array("f")
        self._size: tuple[int, int] | None = None  # height and width of the video's first frame
        self._map_size = MAP_SIZE
        self._maps: list[np.ndarray] = []
        self._html: IO[str] | None = None

    def _start(self) -> IO[str]:
        temporary = self._files.enter_context(atomic_path(self.path))
        video = tempfile.TemporaryFile(dir=self.path.parent)  # noqa: SIM115, the stack closes it
        self._video = self._files.enter_context(video)
        self._film = Mp4(self._video, self._fps, QUALITY)
        html = self._files.enter_context(temporary.open("w", encoding="utf-8", newline="\n"))
        before, self._rest = _template().split("{{data}}")
        html.write(before)
        return html

    def add(self, frame: FrameEstimate) -> None:
        with os_errors_as_input_errors(self.path):
            if self._html is None:
                self._html = self._start()
            self._film.add(self._reduced(frame.image), frame.timestamp)
            super().add(frame)
            assert frame.frame is not None  # photos have no page
            self._number.append(frame.frame)
            for face in frame.faces:
                self._add_face(face, self._html)

    def _reduced(self, image: np.ndarray | None) -> np.ndarray | None:
        if image is None:
            return None
        height, width = image.shape[:2]
        self._size = self._size or (height, width)
        scale = LONGEST / max(height, width)
        if scale >= 1:
            return image
        shown = max(round(width * scale), 1), max(round(height * scale), 1)
        return cv2.resize(image, shown, interpolation=cv2.INTER_AREA)

    def _add_face(self, face: FaceEstimate, html: IO[str]) -> None:
        self._map_size = min(MAP_SIZE, face.heatmaps.shape[-1])
        self._place.extend((face.confidence, *face.box, *to_map(face, self._map_size).ravel()))
        maps = intensity_maps(face, self._map_size) * (LEVELS - 1) / MAX_INTENSITY
        self._maps.append(maps.round().astype(np.uint8))
        if len(self._maps) == CHUNK:
            self._write_maps(html)

    def _write_maps(self, html: IO[str]) -> None:
        """The heatmaps of up to ``CHUNK`` faces, AU by AU: (K, faces, S', S') uint8."""
        if self._maps:
            _write_data(html, "heat", np.stack(self._maps, 1))
            self._maps = []

    def close(self) -> None:
        with self._files, os_errors_as_input_errors(self.path):
            if self._html is None:
                return
            self._film.close()
            self._write_maps(self._html)
            self._write_numbers(self._html)
            self._html.write('<script type="text/plain" id="video">')
            self._video.seek(0)
            while piece := self._video.read(PIECE):
                self._html.write(base64.b64encode(piece).decode())
            self._html.write("</script>\n" + self._rest)

    def _write_numbers(self, html: IO[str]) -> None:
        series = self._series
        frame, face, success, intensity = series.rows()
        place = np.array(self._place, np.float32).reshape(len(frame), PLACE)
        rows = np.column_stack([frame, face, success, place, intensity]).astype("<f4")
        _write_data(html, "rows", rows)
        _write_data(html, "frames", np.column_stack([self._number, series.time]).astype("<f8"))
        height, width = self._size or (0, 0)
        about = {
            "file": series.file,
            "model": self._model,
            "aus": [[au_name(au), NAMES[au][0] if au in NAMES else ""] for au in series.aus],
            "width": width,
            "height": height,
            "end": float(series.edges[-1]),
            "columns": rows.shape[1],
            "mapSize": self._map_size,
            "levels": LEVELS,
            "chunk": CHUNK,
            "colours": COLOURS,
            "faint": FAINT,
            "ramp": RAMP.tolist(),
        }
        text = json.dumps(about).replace("<", "\\u003c")
        html.write(f'<script type="application/json" id="about">{text}</script>\n')


def _template() -> str:
    html, css, js, draw = (
        (RESOURCES / name).read_text("utf-8") for name in ("page.html", "page.css", "page.js", "page_draw.js")
    )
    return html.replace("{{style}}", css).replace("{{script}}", js + draw)


def _write_data(html: IO[str], name: str, values: np.ndarray) -> None:
    """An array, compressed, as an element that a browser does not show."""
    data = base64.b64encode(zlib.compress(values.tobytes(), 6)).decode()
    html.write(f'<script type="text/plain" class="{name}">{data}</script>\n')
