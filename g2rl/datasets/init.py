"""``g2rl init``: ``sequences.tsv`` and ``config.yaml`` for own data, and what was assumed for them."""

import shlex
from pathlib import Path

import yaml

from g2rl.config.load import parse
from g2rl.config.own_data import CONFIG, dataset_name, own_centres, own_configuration
from g2rl.datasets.own_data import OwnData, look_at
from g2rl.datasets.table import TABLE
from g2rl.errors import InputError
from g2rl.io.atomic import write_text


def init(root: Path, gpu: bool) -> tuple[list[Path], str]:
    """Write the two files into ``root``, which the same content always makes the same.

    Args:
        gpu: settings for a GPU, the paper's; else a small network for a CPU.

    Returns:
        The files, and what was found and assumed, as text.

    Raises:
        InputError: one of the files is there already, or see ``look_at`` and ``own_configuration``.
    """
    root = root.resolve()
    files = [root / TABLE, root / CONFIG]
    for path in files:
        if path.exists():
            raise InputError(f"{path}: is there already and is not overwritten: rename it, or go on with it")
    data = look_at(root)
    summary = (
        f"{len(data.rows)} recordings of {len(data.subjects)} subjects, {data.frames:,} coded frames, "
        + ", ".join(f"AU{au:02d}" for au in data.aus)
    )
    text = own_configuration(root, data.aus, gpu, summary)
    parse(yaml.safe_load(text), CONFIG)
    for path, content in zip(files, (data.sheet_text(), text), strict=True):
        write_text(path, content)
    return files, "\n".join([summary, *_assumptions(root, data, gpu), "", *_next_steps(root, files[1])])


def _assumptions(root: Path, data: OwnData, gpu: bool) -> list[str]:
    people = ", ".join(data.subjects[:6]) + (", …" if len(data.subjects) > 6 else "")
    lines = [
        "assumed:",
        f"  subjects  {people}: {data.rule}. A person under two names would be in training and test: check",
        f"            the column subject of {root / TABLE}",
        f"  folds     {len(data.folds)}: each tests its own subjects and is trained on the others",
        "  settings  " + ("the paper's, for a GPU" if gpu else "a small network for a CPU, as a trial"),
        f"  results   results_{dataset_name(root)}/, below the folder where Snakemake runs",
    ]
    for au, points in own_centres(data.aus).items():
        lines.append(f"  AU{au:02d}      at landmarks {points}: a guess, no published set locates it")
    if data.left_out:
        lines.append("left out:")
        lines += [f"  {path}: {reason}" for path, reason in sorted(data.left_out.items())]
    return lines


def _next_steps(root: Path, config: Path) -> list[str]:
    return [
        "next:",
        f"  g2rl check {shlex.quote(str(root))}",
        f"  snakemake --cores 8 all --configfile {shlex.quote(str(config))}",
    ]
