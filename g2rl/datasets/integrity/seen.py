"""What the check of one sequence passes on to the comparison between sequences."""

from dataclasses import dataclass, field
from pathlib import Path

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

    def add(self, code: str, file: Path, found: str, expected: str) -> None:
        """Add a finding about a file of the sequence."""
        inside = relative_name(self.root, file)
        self.findings.append(make_finding(code, self.subject, self.sequence, inside, found, expected))
