"""The dataset layouts by name. A new layout is a module of this folder and an entry here."""

from g2rl.datasets.base import Layout
from g2rl.datasets.bp4d import Bp4d
from g2rl.datasets.disfa import Disfa
from g2rl.datasets.people import People
from g2rl.datasets.table import Table
from g2rl.errors import InputError, did_you_mean

LAYOUTS: dict[str, Layout] = {
    layout.name: layout for layout in (Bp4d(), Disfa("left"), Disfa("right"), Table(), People())
}


def get_layout(name: str) -> Layout:
    """The layout of this name.

    Raises:
        InputError: there is none.
    """
    if name not in LAYOUTS:
        near = did_you_mean(name, LAYOUTS)
        raise InputError(f"no layout {name!r}{near} Expected one of {', '.join(LAYOUTS)}")
    return LAYOUTS[name]
