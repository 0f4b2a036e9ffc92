"""What the check of one sequence passes on to the comparison between sequences."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.wording import relative_name


@dataclass
class Seen:
    """One sequence as it was found.

    Attributes:
        media: its frames, relative to the root.
        size: width and height of its frames, pixels.
        fingerprint: equal for two sequences with the same frames.
        coded: number of frames in which an AU is coded; ``usable``: of these, there and readable.
        aus: the AUs of its label files.
        highest: the highest intensity of each AU, −1 where it is nowhere coded.
        codes: ``{file and AU: digest}``, equal for two AUs with the same codes.
        label_file: its first label file, relative to the root.
        frame: (N,) the frames with a code; ``intensity``: (N,K) their codes, of ``aus``.
        motion: how much the frames of a video differ from the one before; see ``MotionMeter.by_number``.
    """

    sequence: str
    subject: str
    root: Path
    findings: list[Finding] = field(default_factory=list)
    media: str = ""
    size: tuple[int, int] | None = None
    fingerprint: str = ""
    coded: int = 0
    usable: int = 0
    aus: tuple[int, ...] = ()
    highest: dict[int, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    label_file: str = ""
    frame: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    intensity: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.int8))
    motion: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))

    def add(self, code: str, file: Path, found: str, expected: str, action: str = "") -> None:
        """Add a finding about a file of the sequence; ``action`` in place of what its kind says to do."""
        inside = relative_name(self.root, file)
        self.findings.append(make_finding(code, self.subject, self.sequence, inside, found, expected, action))
