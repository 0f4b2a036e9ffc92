"""What the CSV files of other tools look like: OpenFace 2, LibreFace, Py-Feat, pyfaceau."""

from dataclasses import dataclass

from g2rl.action_units import MAX_INTENSITY


@dataclass(frozen=True)
class Tool:
    """What the CSV files of a tool look like.

    Attributes:
        au: the name of an AU's column; group 1 is its number.
        scale: from the tool's values to 0–5.
        frame, first: the column of the frame's number, and the number of the first frame.
        time: the column of seconds after the first frame, if there is one.
        confidence: the column by which one of several faces is chosen.
        trained_on: layouts of the datasets whose faces it has seen in training.
    """

    au: str
    scale: float
    frame: str
    first: int
    time: str
    confidence: str
    trained_on: tuple[str, ...]

    def has_seen(self, layout: str, rendered: int | None) -> bool:
        """Whether a dataset of this layout is among those it was trained on; rendered faces never are."""
        return not rendered and layout in self.trained_on


TOOLS = {
    "openface": Tool(
        r"AU(\d+)_r", 1, "frame", 1, "timestamp", "confidence", ("bp4d", "disfa", "disfa_right")
    ),
    "libreface": Tool(
        r"au_(\d+)_intensity",
        1,
        "frame_idx",
        0,
        "frame_time_in_ms",  # holds seconds
        "confidence",
        ("disfa", "disfa_right"),
    ),
    "pyfeat": Tool(  # probabilities
        r"AU(\d+)", MAX_INTENSITY, "frame", 0, "", "FaceScore", ("bp4d", "disfa", "disfa_right")
    ),
    "pyfaceau": Tool(
        r"AU(\d+)_r", 1, "frame", 0, "timestamp", "confidence", ("bp4d", "disfa", "disfa_right")
    ),
}
