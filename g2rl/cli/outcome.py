"""What a command did: the files it read and wrote, for its provenance record, and its exit status."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What ``run`` of a command returns.

    Attributes:
        read: its input files; a folder stands for the files in it; None for one that was not given.
        written: its output files, the one that names the record first; none for a command that only prints.
    """

    read: Sequence[Path | None] = ()
    written: Sequence[Path | None] = ()
    status: int = 0
