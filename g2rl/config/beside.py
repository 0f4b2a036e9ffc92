"""What the configuration in a dataset's own folder says of it, where ``g2rl init`` wrote one."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from g2rl.config.load import load
from g2rl.config.own_data import CONFIG
from g2rl.config.runs import own_centres_text
from g2rl.config.training import Training
from g2rl.errors import InputError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Copy:
    """How a dataset's folder is to be read; None, or "" for the layout: not given.

    Attributes:
        centres: locations of AUs beside those of ``centre_set``, in the notation of ``parse_centres``.
    """

    layout: str = ""
    sheet: Path | None = None
    centres: str | None = None
    centre_set: str = Training.centres


def fill_in(given: Copy, root: Path) -> Copy:
    """What is not given taken from ``root``/config.yaml, if it is of this folder; logs what was taken.

    Raises:
        InputError: neither gives the layout; without it also: the configuration is not valid.
    """
    path = root / CONFIG
    found: dict[str, Any] = {}
    if path.is_file() and not (given.layout and given.sheet and given.centres is not None):
        try:
            found = _of_folder(path, root, given)
        except InputError as error:
            if not given.layout:
                raise
            log.warning("%s: not used", error)
    if found:
        words = (f"{name.replace('_', ' ')} {value}" for name, value in found.items() if value)
        log.info("%s: %s", path, ", ".join(words))
    filled = replace(given, **found)
    if not filled.layout:
        raise InputError(f"{root}: no layout given, and no {CONFIG} in it that names one: give --layout")
    return filled


def _of_folder(path: Path, root: Path, given: Copy) -> dict[str, Any]:
    """What a configuration says of a folder beyond what is given, by the attributes of ``Copy``."""
    config = load(path)
    of_root = [one for one in config.datasets.values() if Path(one.root).resolve() == root.resolve()]
    dataset = next((one for one in of_root if given.layout in ("", one.layout)), None)
    if dataset is None:
        layout = f" and layout {given.layout}" if given.layout else ""
        raise InputError(f"{path}: none of its datasets has root {root.resolve()}{layout}")
    found: dict[str, Any] = {} if given.layout else {"layout": dataset.layout}
    if given.sheet is None and dataset.sheet and Path(dataset.sheet).exists():
        found["sheet"] = Path(dataset.sheet)
    if given.centres is None:
        found |= {"centre_set": config.training.centres, "centres": own_centres_text(config)}
    return found
