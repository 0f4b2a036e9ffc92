"""The configuration that ``g2rl init`` writes for own data: small on a CPU, the paper's settings on a GPU."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from g2rl.config.au_centres import centre_sets
from g2rl.errors import InputError
from g2rl.paths import FOLDERS

CONFIG = "config.yaml"  # the name of the file
# As in config/config.yaml: chosen on the embedded default to train in minutes on a CPU.
_CPU = """\
weights: none # random, nothing is downloaded; imagenet: better, from the network
training: # small, to train in minutes: shows that all works, says little about how good it can be
  backbone: test_resnet.r160_in1k
  image_size: 64
  stride: 16
  channels: [64, 64]
  epochs: 12
  batch_size: 16
  lr: 0.005
  schedule: onecycle
  flip: true
  precision: fp32

compute: {gpu: false, threads: 1}
"""
_GPU = """\
weights: imagenet # downloaded once; without a network name a file: docs/real-data.md
# training: not given, so the paper's settings: ResNet-50, 256 pixels, 10 epochs

compute: {gpu: true, threads: 4}
"""
# Places that the sets of AU centres lack, in the notation of parse_points.
_EYELIDS, _CHEEKS = "37+41 44+46", "31+48 35+54"
_LIPS, _MIDDLE, _CORNERS = "50 52", "62+66", "48 54"
_PLACES = {7: _EYELIDS, 43: _EYELIDS, 45: _EYELIDS, 46: _EYELIDS, 11: _CHEEKS, 13: _CORNERS, 16: "57"} | {
    18: _MIDDLE, 22: _MIDDLE, 23: _MIDDLE, 24: _MIDDLE, 27: _MIDDLE, 28: _MIDDLE
}  # fmt: skip


def dataset_name(root: Path) -> str:
    """A dataset's name from its folder's: letters, digits, ``_`` and ``-``."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", root.name).strip("_-") or "mine"
    return f"own_{name}" if name.startswith("synthetic") or name.lower() in FOLDERS else name


def own_centres(aus: Iterable[int]) -> dict[int, str]:
    """Places for the AUs that the default set does not locate.

    Raises:
        InputError: an AU has no place here either.
    """
    missing = [au for au in aus if au not in centre_sets()["default"]]
    if unknown := [au for au in missing if au not in _PLACES]:
        raise InputError(
            f"AU{unknown[0]:02d} has no known place on the face: remove its column from the codes, or write "
            "the configuration by hand (docs/own-data.md, “An AU without a place”)"
        )
    return {au: _PLACES[au] for au in missing}


def own_configuration(root: Path, aus: Iterable[int], gpu: bool, summary: str) -> str:
    """The configuration as YAML with comments; ``summary``: what it is of, a sentence."""
    name = dataset_name(root)
    lines = [
        f"# Written by g2rl init: {summary}",
        "# Every key: config/README.md of the project.",
        "datasets:",
        f"  {_quoted(name)}:",
        "    layout: table",
        f"    root: {_quoted(str(root))}",
        f"results: results_{name}",
        "",
        "sigma: 2",
        "lambda: 0.05",
        "seeds: [0]",
        "# sweep: {sigma: [0.7071, 1, 2], lambda: [0.005, 0.05, 0.5]} # for Figures 6 and 7: more trainings",
        "",
        _CPU if not gpu else _GPU,
    ]
    if centres := own_centres(aus):
        lines.append("au_centres: # guessed: no published set locates these AUs; g2rl figure2 draws them")
        lines += [f"  {au}: {points}" for au, points in centres.items()]
    return "\n".join(lines).rstrip() + "\n"


def _quoted(text: str) -> str:
    """A YAML string in double quotes."""
    return json.dumps(text, ensure_ascii=False)
