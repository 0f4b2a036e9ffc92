"""Where each AU lies among the landmarks: the sets found in public code, and the user's own centres.

The paper draws the AU locations (its Figure 2) but gives no coordinates. resources/au_centres.tsv has, in the
notation of ``parse_points``:

- ``default``: EvelynFan/FAU (SCC-Heatmap, AAAI-20), the first author's, read off its published coordinates:
  AU04 (one point), AU06, AU09 (three), AU10, AU12, AU14 and AU17, which makes its 24 channels on DISFA and 10
  on BP4D; the others follow JAA-Net without its shifts.
- ``libreface``: LibreFace (WACV-24), as its code has them; AU25 and AU26 share one point off the midline.
- ``fgnet``: FG-Net (WACV-24).
- ``jaanet``: JAA-Net (ECCV-18, IJCV-21). Its 49 points are the 68 without the jaw and
  without the corners of the inner lips, 60 and 64.
"""

import functools
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from g2rl.action_units import NAMES, Centres, Point, au_name, format_centres, parse_centres, parse_points
from g2rl.errors import InputError
from g2rl.io.tables import read_tsv


@functools.cache
def centre_sets() -> Mapping[str, Centres]:
    """The named sets, each with the AUs that it locates."""
    sets: dict[str, dict[int, tuple[Point, ...]]] = {}
    path = Path(str(files("g2rl"))) / "resources/au_centres.tsv"
    for _, row in read_tsv(path, ("set", "au", "points")):
        sets.setdefault(row["set"], {})[int(row["au"])] = parse_points(row["points"])
    return sets


def sets_text() -> list[str]:
    """The sets as text, one line per set: the parameter of the rule that draws them all."""
    return [f"{name} {format_centres(centres)}" for name, centres in centre_sets().items()]


def centres_in_use(name: str, own: str, aus: Iterable[int]) -> Centres:
    """The centres of ``aus``, each from ``own`` or else from the set ``name``.

    The rules give ``g2rl train`` all of them as ``own``: a training follows the centres of its AUs alone.

    Args:
        own: in the notation of ``parse_centres``.

    Raises:
        InputError: neither locates one of ``aus``.
    """
    centres = parse_centres(own)
    return {au: centres[au] if au in centres else _of_set(name, au) for au in aus}


def _of_set(name: str, au: int) -> tuple[Point, ...]:
    sets = centre_sets()
    if au in sets[name]:
        return sets[name][au]
    have = [other for other, known in sorted(sets.items()) if au in known]
    called = f" ({NAMES[au][0]})" if au in NAMES else ""
    remedy = "give it one in au_centres of the configuration (docs/own-data.md, “An AU without a place”)"
    raise InputError(
        f"AU centres {name!r}: no location for {au_name(au)}{called}; "
        + (f"the sets {have} have one" if have else remedy)
    )
