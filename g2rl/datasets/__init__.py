"""Where each dataset keeps its frames and codes, and the sample sheets that list its sequences."""

from pathlib import Path

from g2rl.datasets.bp4d import Bp4d
from g2rl.datasets.disfa import Disfa
from g2rl.datasets.layout import NOT_CODED, Labels, Layout, Sequence, read_sheet
from g2rl.files import InputError

__all__ = ["NOT_CODED", "Labels", "Layout", "Sequence", "check_root", "get_layout", "read_sheet"]

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (Bp4d(), Disfa("left"), Disfa("right"))}


def get_layout(name: str) -> Layout:
    """The layout of this name.

    Raises:
        InputError: there is none.
    """
    if name not in LAYOUTS:
        raise InputError(f"no layout {name!r}: expected one of {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def check_root(layout: Layout, root: Path) -> None:
    """Look at a dataset's root, quickly, before anything is planned on it.

    Raises:
        InputError: ``root`` is not there or does not look like ``layout``; says what it looks like.
    """
    layout.check_root(Path(root))
