"""Rendered people: a folder of photos per group of people, and a table of their codes."""

from pathlib import Path

from g2rl.datasets.base import Layout, Part
from g2rl.datasets.code_table import read_table_codes
from g2rl.datasets.labels import Labels
from g2rl.errors import InputError
from g2rl.rendered import PEOPLE_GROUP


class People(Layout):
    """``photos/G0001/000001.jpg`` and ``codes/G0001.csv`` below the root; only rendered, never distributed.

    A sequence is a group of people, its frames photos that have nothing to do with each other. The codes are
    a table as of own data (``read_table_codes``); an AU that something hides is not coded.
    """

    name = "people"
    title = "rendered people"
    aus = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
    sequence_pattern = "{subject}"
    has_photos = True

    def media(self, root: Path, sequence: str) -> Path:
        if sequence != self.sequence_pattern and not PEOPLE_GROUP.fullmatch(sequence):
            raise InputError(f"{sequence}: not a group of rendered people, expected a name like G0001")
        return Path(root) / "photos" / sequence

    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        return [Path(root) / "codes" / f"{sequence}.csv"]

    def read_file(self, path: Path) -> Labels:
        return read_table_codes(path, first_frame=1)

    def parts(self, root: Path) -> list[Part]:
        return [
            Part("photos", root / "photos", PEOPLE_GROUP.pattern),
            Part("codes", root / "codes", rf"{PEOPLE_GROUP.pattern}\.csv"),
        ]

    def published(self, root: Path) -> dict[str, tuple[int, int] | None]:
        return {}

    def found(self, root: Path) -> dict[str, Path]:
        return {
            path.name: path
            for path in sorted((root / "photos").glob("G*"))
            if PEOPLE_GROUP.fullmatch(path.name)
        }
