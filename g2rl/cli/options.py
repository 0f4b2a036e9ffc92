"""Options and helpers that several commands share."""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from g2rl.config.training import Settings, key
from g2rl.config.values import attribute_docs, choices, kinds, scalar, split_doc


def above(path: Path, levels: int) -> str:
    """The name of the folder so many levels above a file: DATASET, RUN or foldK, given or not."""
    return path.absolute().parts[-1 - levels]


def output(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=what)


def sequence(parser: argparse.ArgumentParser) -> None:
    """The options that say which sequence of which dataset."""
    parser.add_argument("--layout", required=True, help="bp4d, disfa, disfa_right or table")
    parser.add_argument("--root", type=Path, required=True, help="the dataset's folder")
    parser.add_argument("--sequence", required=True, help="its name, such as F001_T1 or SN001")
    parser.add_argument("--subject", required=True, help="its subject, such as F001 or SN001")


def check_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        type=Path,
        nargs="?",
        metavar="CSV",
        help="from g2rl check, or nothing: a sequence that an error in it stops has no frame, else it fails",
    )


class SequenceFiles(argparse.Action):
    """Shards as they are given; where lists of them are, those too, and all by the name of the sequence."""

    def __call__(self, parser: Any, options: argparse.Namespace, values: Any, option: Any = None) -> None:
        from g2rl.faces.fold_manifest import read_manifest

        lists = [path for path in values if path.suffix == ".tsv"]
        shards = [path for path in values if path.suffix != ".tsv"]
        for path in lists:
            shards += read_manifest(path)
        setattr(options, self.dest, sorted(shards, key=lambda path: path.stem) if lists else shards)
        if lists:
            setattr(options, f"lists_of_{self.dest}", lists)  # for the provenance record


def sequence_files(parser: argparse.ArgumentParser, name: str) -> None:
    """An argument or a required option of this name for shards or lists of them."""
    argument = parser.add_argument(
        name,
        type=Path,
        nargs="+",
        action=SequenceFiles,
        metavar="SHARD",
        help="sequences, from g2rl align, or lists of them, from g2rl fold",
    )
    argument.required = True


def device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s"
    )


def torch_device(name: str) -> Any:
    """The device to compute on; of several GPUs one that no other command here has, or waits for it."""
    import torch

    from g2rl.workflow.gpus import lease_gpu

    if name != "cpu":
        lease_gpu()
    if name == "cuda" and not torch.cuda.is_available():
        from g2rl.errors import InputError

        raise InputError("--device=cuda: torch finds no GPU here: take cpu or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def settings_options(parser: argparse.ArgumentParser) -> None:
    """One option for each setting of a training, with its meaning, choices and default."""
    for field in dataclasses.fields(Settings):
        kind = kinds(Settings)[field.name]
        option, text = "--" + key(field.name).replace("_", "-"), default_text(field.default)
        meaning = split_doc(attribute_docs(Settings)[field.name])[""].rstrip(".").replace("%", "%%")
        more: dict[str, Any] = {"dest": field.name, "help": f"{meaning}; default: {text}"}
        if kind is bool:
            parser.add_argument(option, action=argparse.BooleanOptionalAction, **more)
        elif isinstance(field.default, tuple):
            parser.add_argument(option, type=several(scalar(kind)), metavar="N,N,…", **more)
        elif choices(kind):
            parser.add_argument(option, type=scalar(kind), choices=choices(kind), **more)
        else:
            metavar = {int: "N", float: "X", str: "NAME"}[scalar(kind)]
            parser.add_argument(option, type=scalar(kind), metavar=metavar, **more)
        parser.set_defaults(**{field.name: field.default})


def default_text(value: Any) -> str:
    """A default as one would write it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "not given" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def several(kind: type) -> Callable[[str], tuple]:
    """What reads ``8,4`` as a tuple."""
    return lambda text: tuple(kind(part) for part in text.split(",") if part)


def figure_output(parser: argparse.ArgumentParser) -> None:
    output(parser, "the .png; .pdf and .csv are written beside it")


def sweep_points(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--point",
        nargs=2,
        action="append",
        required=True,
        metavar=("VALUE", "CSV"),
        help="a value and its DATASET/RUN/metrics.csv; seeds are averaged",
    )


def read_sweep_points(options: argparse.Namespace) -> list[Any]:
    import pandas as pd

    from g2rl.report.figures.sweep import SweepPoint

    options.metrics = [Path(name) for _, name in options.point]  # for the provenance record
    groups: dict[tuple[str, float], list[pd.DataFrame]] = {}
    for value, name in options.point:
        groups.setdefault((above(Path(name), 2), float(value)), []).append(pd.read_csv(name))
    return [SweepPoint(dataset, value, tables) for (dataset, value), tables in groups.items()]
