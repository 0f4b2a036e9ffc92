"""What reruns after an edit, and nothing else: a table of edits, each tried by a dry run on finished results.

An edit is made in a copy of the project, or of the results; Snakemake's records are those of a real run. One
of the code reruns ``rules`` by itself, and with them all that follows in the workflow (`AFTER`); an edit
of the configuration or of a file reruns ``jobs``. Snakemake's reason has to name what was edited.
"""

import ast
import dataclasses
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.pool import Pool
from pathlib import Path

import dryrun
import pytest
import yaml
from conftest import CORES, ROOT

from g2rl.config import values
from g2rl.config.docs import keys_table
from g2rl.config.runs import GEOMETRY_KEYS
from g2rl.config.training import Training
from g2rl.reproducibility.code_digest import PACKAGE, locked_versions, stage_code

JOBS = {
    "head": 1,
    "render_synthetic_bp4d": 4,
    "render_synthetic_disfa": 4,
    "landmarks": 8,
    "align": 8,
    "manifest": 4,
    "frames": 2,
    "train": 12,
    "test": 12,
    "image_free": 6,
    "metrics of runs": 8,
    "metrics of image-free": 4,
    "guidance": 1,
    "table1": 1,
    "claims": 1,
    "figure1": 1,
    "figure2": 1,
    "figure3": 1,
    "figure4": 1,
    "figure5": 1,
    "figure6": 1,
    "figure7": 1,
    "lock": 1,
}
AFTER = {
    "head": {"render_synthetic_bp4d", "render_synthetic_disfa"},
    "render_synthetic_bp4d": {"landmarks", "align"},
    "render_synthetic_disfa": {"landmarks", "align"},
    "landmarks": {"align"},
    "align": {"manifest"},
    "manifest": {"frames", "train", "test", "image_free", "figure1", "figure2", "figure4"},
    "train": {"test", "guidance", "table1", "claims", "figure3", "figure4"},
    "test": {"metrics of runs", "claims", "figure4", "figure5"},
    "image_free": {"metrics of image-free"},
    "metrics": {"metrics of runs", "metrics of image-free"},
    "metrics of runs": {"table1", "figure6", "figure7"},
    "metrics of image-free": {"table1"},
    "frames": {"table1", "lock"},
    **{
        last: {"lock"}
        for last in ("table1", "claims", "guidance", *(f"figure{number}" for number in range(1, 8)))
    },
}
RENDER = ("render_synthetic_bp4d", "render_synthetic_disfa")
FIGURES = ("figure4", "figure5", "figure6", "figure7", "guidance")
EVERY = (*(rule for rule in JOBS if " of " not in rule), "metrics")
REPORT = {"table1": 1, "claims": 1, **dict.fromkeys(FIGURES, 1)}
OF_TESTS = REPORT | {"guidance": 0}  # what follows from predictions; the guidance is seen in the trainings


def reach(rules: Iterable[str]) -> set[str]:
    """``rules`` and all that follows them."""
    found: set[str] = set()
    waiting = list(rules)
    while waiting:
        rule = waiting.pop()
        if rule not in found:
            found.add(rule)
            waiting += AFTER.get(rule, ())
    return found


def follow(rules: Iterable[str]) -> dict[str, int]:
    """How many jobs of each rule rerun when all of ``rules`` do."""
    jobs: dict[str, int] = Counter()
    for rule in reach(rules) - {"metrics"}:
        jobs[rule.partition(" of ")[0]] += JOBS[rule]
    return jobs


def first(rules: Iterable[str]) -> set[str]:
    """Those of ``rules`` that follow no other: Snakemake gives one reason, and of the others it says that
    their input files are made anew."""
    after = {rule: {name.partition(" of ")[0] for name in reach(AFTER.get(rule, ()))} for rule in rules}
    return {rule for rule in rules if not any(rule in found for found in after.values())}


@dataclass(frozen=True)
class Edit:
    name: str
    change: Callable[[Path], None]  # of the copy
    jobs: dict[str, int] = field(default_factory=dict)
    reason: str = ""  # what Snakemake says somewhere, if anything reruns
    rules: frozenset[str] | None = (
        None  # of the code: the rules, and no others, that have it for their reason
    )
    results: bool = False  # of the results' copy, not of the project's


def code(name: str, change: Callable[[Path], None], rules: Iterable[str] = (), reason: str = "") -> Edit:
    return Edit(name, change, follow(rules), reason, frozenset(rules))


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / path).read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r}: this test needs another edit"
        (folder / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def append(path: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with open(folder / path, "a", encoding="utf-8") as stream:
            stream.write(text)

    return change


def in_function(path: str, function: str, line: str) -> Callable[[Path], None]:
    """Put a line into a function, after its docstring."""

    def change(folder: Path) -> None:
        text = (folder / path).read_text(encoding="utf-8")
        functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
        (found,) = [node for node in functions if node.name == function]
        lines = text.split("\n")
        after = found.body[0].end_lineno if ast.get_docstring(found) else found.body[0].lineno - 1
        lines.insert(after, f"    {line}")
        (folder / path).write_text("\n".join(lines), encoding="utf-8")

    return change


def upgrade(distribution: str) -> Callable[[Path], None]:
    version = locked_versions(ROOT / "requirements.lock")[distribution]
    return replace("requirements.lock", f"{distribution}=={version}", f"{distribution}==99.0")


def without(rules: Iterable[str], *names: str) -> tuple[str, ...]:
    return tuple(rule for rule in rules if rule not in names)


# The rules that follow each module of g2rl, as a reader of the imports would say.
TABLES = ("guidance", "table1", "figure6", "figure7")  # of what the measures and histories hold
REPORTED = ("guidance", "table1", "claims", *(f"figure{number}" for number in (4, 5, 6, 7)))
OF_FACES = ("figure1", "figure2")  # figures of aligned faces, without a network
DRAWN = (*OF_FACES, "figure3")  # figures without predictions
OF_A_SEQUENCE = (
    *("landmarks", "align", "manifest", "frames", "train", "test", "image_free", "metrics"),
    *DRAWN,
    *REPORTED,
)
SEQUENCES = (
    "align",
    "train",
    "test",
    "image_free",
    "figure4",
    *OF_FACES,
)  # they write or read aligned sequences
FOLLOWED_BY = [
    (EVERY, "__init__ errors io/__init__ io/atomic cli/__init__ cli/outcome"),
    (without(EVERY, "train"), "cli/options"),
    ((*SEQUENCES, "landmarks", "manifest", "frames", "table1"), "io/hdf5"),
    ((*SEQUENCES, "landmarks", "manifest", "frames", "table1", "figure3"), "faces/__init__"),
    ((*RENDER, *without(OF_A_SEQUENCE, "landmarks", "manifest")), "io/tables io/delimited"),
    (SEQUENCES, "faces/sequence_file"),
    ((*SEQUENCES, "landmarks", "figure3"), "faces/jpeg"),
    (("train", "test", "image_free", "metrics", *DRAWN, *REPORTED), "action_units"),  # the bounds
    (("test", "image_free", "metrics", *REPORTED), "inference/__init__ inference/predictions"),
    (("image_free", "metrics", *REPORTED), "evaluation/__init__"),
    (("metrics", "figure5", "claims", *TABLES), "evaluation/metrics"),
    (("figure5", *TABLES), "evaluation/methods"),
    ((*DRAWN, *REPORTED, "lock"), "report/__init__"),
    ((*RENDER, "align", "train", "test", *DRAWN, *REPORTED, "lock"), "rendered"),
    (("image_free", *DRAWN, *REPORTED, "lock"), "paths"),  # for the names of the image-free baselines
    ((*DRAWN, *without(REPORTED, "table1", "claims")), "report/figures/__init__ io/figures"),
    (("manifest", "frames", *without(SEQUENCES, "align")), "faces/fold_manifest"),
    (("frames", *without(SEQUENCES, "align")), "cli/sequence_files"),
    ((*RENDER, "landmarks", "align", "train"), "io/progress"),
    (("head", *RENDER), "synthetic/__init__ synthetic/head synthetic/raster"),
    (
        RENDER,
        "synthetic/actions synthetic/camera_faults synthetic/dataset synthetic/hair synthetic/lighting "
        "synthetic/looks synthetic/occluders synthetic/people "
        "synthetic/media synthetic/paint synthetic/person synthetic/recording synthetic/scene "
        "synthetic/shape synthetic/surface synthetic/texture cli/render",
    ),
    ((*RENDER, "landmarks", "align"), "datasets/__init__"),
    (
        (*RENDER, "align"),
        "datasets/base datasets/bp4d datasets/code_table datasets/disfa datasets/foreign_codes "
        "datasets/labels datasets/people datasets/registry datasets/table",
    ),
    (
        ("landmarks", "align"),
        "datasets/integrity/__init__ datasets/integrity/findings_file io/decoding io/frame_source "
        "io/frame_times io/image_folder io/video io/video_file",
    ),
    ((*RENDER, "landmarks", "align"), "io/images"),  # DISFA as frames: the numbers in their names
    (("landmarks", "align"), "faces/landmarks_file faces/mean_shape"),
    (("landmarks", "align"), "faces/warp"),
    (
        ("landmarks",),
        "faces/boxes faces/detectors faces/dlib_faces faces/dlib_models faces/dlib_one_level faces/landmarks "
        "faces/mediapipe faces/mediapipe_models faces/tracker",
    ),
    (("align",), "faces/align_sequence faces/alignment faces/lag"),
    (("frames", "table1"), "faces/frame_counts"),
    (
        ("train", "test", "table1", "figure3", "figure4"),
        "config/training",
    ),
    ((*SEQUENCES, "landmarks", "figure3", "figure5", *TABLES), "config/__init__"),
    ((*SEQUENCES, "landmarks", "figure3", "table1"), "config/alignment config/values"),
    (
        ("train", "test", "figure3", "figure4"),
        "network/__init__ network/controls network/features network/heatmaps network/model "
        "network/model_file network/mean network/graphs network/initialisation network/precision "
        "network/description network/preprocessing network/variants",
    ),
    (("train", "test"), "cli/device methods/registry"),
    (("train", "test", "table1"), "methods/__init__"),
    (("train",), "methods/g2rl"),
    ((), "methods/baseline methods/network methods/vector methods/ordinal methods/landmark_head"),
    ((), "methods/ccnn_it methods/kbss"),
    (("table1",), "methods/segments"),
    ((), "network/flops methods/bormir evaluation/tool_formats evaluation/tools cli/import_predictions"),
    (
        ("train",),
        "network/weights training/calibration training/checkpoint training/cpu training/cuda_graph "
        "training/data training/diagnostics training/epochs training/loop training/optimizer "
        "training/targets cli/settings_options",
    ),
    (("train", "guidance", "table1"), "training/__init__ training/history"),
    (("train", "table1"), "config/balance"),
    (("train", "lock"), "io/hashing"),
    (("test",), "inference/predictor"),
    (("image_free",), "evaluation/image_free"),
    (("guidance", "table1"), "evaluation/collapse"),
    (("guidance", "table1", "claims"), "io/markdown"),
    (("figure5", "claims", *TABLES), "evaluation/comparison"),
    (("claims",), "evaluation/claims report/claims cli/claims"),
    (("guidance",), "evaluation/ablations report/ablations report/figures/ablations"),
    # For the recipe in its caption; the values of the configuration reach the stages as options.
    (
        ("table1",),
        "config/keys config/messages config/schema config/variants config/backbones",
    ),
    (("train", "test", "figure5", *TABLES), "config/methods"),
    (("train", "test", "table1"), "config/method_settings"),
    (("table1",), "report/captions report/table1 report/table1_formats cli/table"),
    (("table1",), "evaluation/neutral inference/estimates inference/neutral"),
    (("figure4",), "evaluation/example_faces report/figures/heatmaps"),
    (("train", "test", "figure2", "figure3", "figure4"), "config/au_centres"),
    (("figure1",), "report/figures/labelled_faces"),
    (("figure2",), "report/figures/au_locations"),
    (("figure3",), "network/shapes report/figures/framework"),
    (("figure5",), "evaluation/example_sequence report/figures/timeseries"),
    (("figure6", "figure7"), "report/figures/sweep"),
    (("table1", "lock"), "report/html"),
    (("lock",), "report/pages reproducibility/__init__ reproducibility/lock reproducibility/summary"),
    *(
        ((name,), f"cli/{name}")
        for name in (
            *("head", "landmarks", "align", "manifest", "frames", "train", "test", "image_free", "metrics"),
            *(
                "guidance",
                "figure1",
                "figure2",
                "figure3",
                "figure4",
                "figure5",
                "figure6",
                "figure7",
                "lock",
            ),
        )
    ),
    # Checks of copies, the extras and what plans, describes or shows: nothing of the embedded default.
    ((), "datasets/root datasets/sheet datasets/integrity/across datasets/integrity/check"),
    ((), "datasets/integrity/findings datasets/integrity/label_files datasets/integrity/media"),
    ((), "datasets/integrity/presence datasets/integrity/seen datasets/integrity/sequence"),
    ((), "datasets/integrity/wording cli/check cli/weights"),
    ((), "datasets/integrity/code_statistics datasets/integrity/motion datasets/integrity/sheets"),
    ((), "datasets/init datasets/own_data datasets/recordings config/own_data config/beside cli/init"),
    ((), "evaluation/cross_dataset report/cross_dataset cli/cross_dataset cli/ablations"),
    ((), "report/figures/calibration cli/calibration"),  # with more methods than the default's
    (
        (),
        "inference/outputs/__init__ inference/outputs/heat inference/outputs/mp4 "
        "inference/outputs/overlay inference/outputs/page inference/outputs/painter inference/outputs/series "
        "inference/outputs/summary inference/outputs/timeline inference/outputs/writer",
    ),
    ((), "network/onnx_file network/mean_file inference/onnx_export report/model cli/model cli/export"),
    ((), "inference/inputs inference/video cli/predict"),
    ((), "evaluation/locations cli/locations"),
    (
        (),
        "inference/api inference/camera inference/face_network inference/jumps inference/run "
        "inference/smoothing inference/brows inference/kept io/ahead",
    ),
    ((), "faces/confidence faces/identity faces/pose faces/several inference/outputs/table"),
    ((), "inference/names inference/record inference/outputs/names"),
    ((), "config/docs config/load config/runs cli/config cli/estimate cli/clean cli/main cli/help __main__"),
    ((), "reproducibility/code_digest reproducibility/python_source reproducibility/records"),
    ((), "reproducibility/lineage cli/provenance cli/verify workflow/status workflow/screen cli/status"),
    ((), "workflow/__init__ workflow/estimate workflow/gpus workflow/manifest workflow/processes"),
    ((), "workflow/resources workflow/snakemake_patches workflow/stale_files workflow/start"),
    ((), "io/caches workflow/clocks workflow/cores workflow/submission"),
    ((), "workflow/targets workflow/jobs"),  # what they name is in the rules' files and options
]
MODULES = {module: rules for rules, modules in FOLLOWED_BY for module in modules.split()}
DATA = {
    "au_centres.tsv": (),  # the rules pass the centres that a training uses
    "bp4d_annotated_ranges.csv": (*RENDER, "align"),
    "disfa_known_bad_frames.csv": (*RENDER, "align"),
    "findings.tsv": (),
    "findings_own.tsv": (),
    "mediapipe_detector.tflite": ("landmarks",),
    "mediapipe_license.txt": (),
    "mediapipe_mesh.tflite": ("landmarks",),
    "page.css": (),
    "page.html": (),
    "page.js": (),
    "page_draw.js": (),
    "published_totals.csv": (),
    "rates.tsv": (),
    "real_faces.safetensors": (),
    "published_table1.csv": ("table1",),
}
PACKAGES = {
    "dlib-bin": ("landmarks",),
    "torch": ("train", "test", "figure3", "figure4"),
    "timm": ("train", "test", "figure3", "figure4", "table1"),  # the caption names the backbone
    "matplotlib": (*DRAWN, *FIGURES),
    "scikit-learn": ("image_free",),
    "anny": ("head", *RENDER),
    "numpy": without(EVERY, "lock"),
    "tqdm": (),
    "snakemake": (),
}


def dotted(module: str) -> str:
    return f"g2rl.{module}".replace("/", ".").removesuffix(".__init__")


def all_of(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for each in changes:
            each(folder)

    return change


def module(name: str) -> Callable[[Path], None]:
    return append(f"g2rl/{name}.py", "\nREVISION = 2\n")


def data(name: str) -> Callable[[Path], None]:
    return append(f"g2rl/resources/{name}", "\n")


CODE = [
    *(
        code(f"module {name}", module(name), rules, f"{dotted(name)} ")
        for name, rules in MODULES.items()
        if rules
    ),
    *(
        code(f"data {name}", data(name), rules, f"g2rl/resources/{name}")
        for name, rules in DATA.items()
        if rules
    ),
    *(
        code(f"package {name}", upgrade(name), rules, f"{name}==99.0")
        for name, rules in PACKAGES.items()
        if rules
    ),
    code(
        "all code and packages that no stage of this configuration uses",
        all_of(
            *(module(name) for name, rules in MODULES.items() if not rules),
            *(data(name) for name, rules in DATA.items() if not rules),
            *(upgrade(name) for name, rules in PACKAGES.items() if not rules),
            lambda folder: (folder / "g2rl/new.py").write_text("new = 1\n"),
        ),
    ),
    code(
        "comments, docstrings, blank lines, an import for types",
        all_of(
            append("g2rl/io/atomic.py", "\n# whole or not at all\n"),
            replace("g2rl/training/loop.py", "import torch\n", "import torch  # 2\n"),
            replace("g2rl/io/atomic.py", '"""', '"""Another docstring. '),
            replace("g2rl/network/model.py", "\n\n\n", "\n\n\n\n\n"),
            append("g2rl/io/tables.py", "\nif TYPE_CHECKING:\n    import g2rl.workflow.manifest\n"),
            append("workflow/rules/train.smk", "\n# trained\n"),
        ),
    ),
    code(
        "a function renamed",
        replace("g2rl/evaluation/metrics.py", "def evaluate(", "def measure("),
        MODULES["evaluation/metrics"],
        "g2rl.evaluation.metrics ",
    ),
    code(
        "a new import at the top",
        replace(
            "g2rl/evaluation/metrics.py",
            "\nimport warnings\n",
            "\nimport warnings\nimport g2rl.synthetic.raster\n",
        ),
        MODULES["evaluation/metrics"],
        "g2rl.synthetic.raster ",
    ),
    code(
        "a new import in a function",
        in_function(
            "g2rl/evaluation/image_free.py", "fit_landmark_ridge", "from g2rl.evaluation import metrics"
        ),
        ("image_free",),
        "g2rl.evaluation.metrics ",
    ),
    code(
        "a rule's command",
        replace("workflow/rules/evaluate.smk", '"g2rl metrics {input:q}', '"nice g2rl metrics {input:q}'),
        ("metrics",),
        "Code has changed",
    ),
]


# The configuration


def configure(key: str, value: object, **more: object) -> Callable[[Path], None]:
    """Set a dotted key of the configuration, and more keys of its section."""

    def change(folder: Path) -> None:
        config = yaml.safe_load((folder / "config.yaml").read_text())
        *sections, last = key.split(".")
        inner = config
        for section in sections:
            inner = inner.setdefault(section, {})
        inner |= {last: value, **more}
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    return change


def reorder_keys(folder: Path) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["training"] = dict(reversed(config["training"].items()))
    (folder / "config.yaml").write_text(yaml.safe_dump(dict(reversed(config.items())), sort_keys=False))


TRAINED = {"train": 12, "test": 12, "metrics": 8, "figure3": 1, **REPORT}
GUIDED = TRAINED | {"train": 9, "test": 9, "metrics": 6}  # all but the Baseline
DISFA_ALIGNED = {
    "align": 4,
    "manifest": 2,
    "frames": 1,
    "train": 8,
    "test": 8,
    "image_free": 4,
    "metrics": 6,
    **REPORT,
}
DISFA = DISFA_ALIGNED | {"render_synthetic_disfa": 4, "landmarks": 4}
ONE_RUN = {"train": 3, "test": 3, "metrics": 2, "claims": 1}  # that was not there before
STARTED = {"train": 8, "test": 8, "metrics": 4, **REPORT}  # the trainings of one dataset
NEW = "Missing output files"  # a value that is part of a folder's name
TRAINING = {
    **{
        "backbone": "resnet18",
        "image_size": 96,
        "channels": [16, 8],
        "amplitude": "intensity",
    },
    **{
        "guidance": "detached",
        "projection": "pooled",
        "epochs": 2,
        "stride": 16,
        "batch_size": 8,
        "lr": 0.001,
    },
    **{"lr_geometry": 0.001, "lr_projection": 0.001, "weight_decay": 0.0001, "schedule": "onecycle"},
    **{
        "maps": "au",
        "decoding": "soft",
        "intensity_loss": 0.1,
        "high_intensity_weight": 0.5,
        "max_subjects": 2,
        "calibrate": True,
    },
    **{"geometry_init": "he", "adjacency": "inverse", "permute_landmarks": True},
    **{"milestones": [1], "flip": True, "shift": 0.1, "jitter": 0.1, "precision": "fp32"},
}


def another(default: object, kind: object) -> object:
    """Another value of a setting."""
    if others := [value for value in values.choices(kind) if value != default]:
        return others[0]
    return not default if isinstance(default, bool) else 2 * default if default else 1


for setting in dataclasses.fields(Training):  # those not named above
    if setting.name not in (*TRAINING, "centres"):
        TRAINING[setting.name] = another(setting.default, values.kinds(Training)[setting.name])
KEYS = {  # another value, the jobs that rerun, the reason
    "datasets.synthetic_disfa.root": ("results/raw/elsewhere", DISFA, NEW),
    "datasets.synthetic_disfa.sheet": ("other.tsv", {}, ""),  # the same lines
    "datasets.synthetic_disfa.synthetic.frames": (15, DISFA, "--frames=15"),
    "datasets.synthetic_disfa.synthetic.seed": (1, DISFA, "--seed=1"),
    "datasets.synthetic_disfa.synthetic.sparse": (True, DISFA, "--sparse"),
    "datasets.synthetic_disfa.synthetic.varied": (True, DISFA, "--varied"),
    "datasets.synthetic_disfa.start_from": ("synthetic_bp4d", STARTED, "Set of input files"),
    "datasets.synthetic_disfa.allow_faults": (True, {}, ""),  # of copies that are checked
    "results": ("elsewhere", follow(["head"]), NEW),
    "sigma": (3, GUIDED | {"train": 9, "test": 9, "metrics": 6}, NEW),
    "lambda": (0.1, TRAINED | {"train": 6, "test": 6, "metrics": 4}, NEW),
    "seeds": ([1], TRAINED, NEW),
    "sweep.sigma": ([3], ONE_RUN | {"figure6": 1}, NEW),
    "sweep.lambda": ([0.1], ONE_RUN | {"figure7": 1, "guidance": 1}, NEW),
    "sweep.match_lambda": (True, ONE_RUN | {"figure6": 1}, NEW),
    "sweep.datasets": (
        ["synthetic_bp4d"],
        {"claims": 1, "figure6": 1, "figure7": 1, "guidance": 1},
        "Set of input files",
    ),
    "methods": (
        ["baseline", "g2rl", "vector"],
        {"train": 3, "test": 3, "metrics": 2, "table1": 1, "calibration": 1},
        NEW,
    ),
    "method_settings": ({}, {}, ""),  # of methods that there are not
    "tools": ({}, {}, ""),  # of CSV files that there are not
    "plus": ({"high_intensity_weight": 0.5}, ONE_RUN | {"table1": 1}, NEW),
    "ablations.variants": ({"detached": {"guidance": "detached"}}, {}, ""),  # not of all
    "ablations.seeds": ([0, 1], {}, ""),
    "ablations.datasets": (["synthetic_bp4d"], {}, ""),
    "ablations.folds": ([1], {}, ""),
    "ablations.split": ("validation", {}, ""),
    "frames.max_gap": (2, follow(["align"]), "--max-gap=2"),
    "frames.drop_partial": (True, follow(["align"]), "--drop-partial"),
    "frames.exclude_known_bad": (True, DISFA_ALIGNED, "--exclude-known-bad"),
    "frames.every": (2, follow(["align"]), "--every=2"),
    "frames.alignment": ("eyes_chin", follow(["align"]), "--alignment=eyes_chin"),
    "frames.face_scale": (0.9, follow(["align"]), "--face-scale=0.9"),
    "frames.detector": ("mediapipe", follow(["landmarks"]), "--detector=mediapipe"),
    "weights": ("imagenet", TRAINED | {"weights": 1}, "Missing output"),
    **{
        f"training.{key}": (value, GUIDED if key in GEOMETRY_KEYS else TRAINED, f"--{key}".replace("_", "-"))
        for key, value in TRAINING.items()
    },
    "au_centres": ({7: "37+41 44+46"}, {}, ""),  # no dataset codes it
    "compute.gpu": (True, TRAINED, "--device=cuda"),
    "compute.threads": (2, {}, ""),
    "figure5_aus": ([6, 12], {"figure5": 1}, "--aus 6 12"),
    "figure5_subjects": (1, {"figure5": 1}, "--subjects=1"),
    "measures.rounded": (
        True,
        {"metrics": 12, "table1": 1, "claims": 1, "figure6": 1, "figure7": 1},
        "--rounded",
    ),
    "measures.aggregation": ("fold_mean", {"table1": 1}, "--aggregation=fold_mean"),
    "measures.neutral": (True, {"table1": 1}, "--neutral"),
    "resamples": (
        21,
        {"metrics": 12, "table1": 1, "claims": 1, "figure6": 1, "figure7": 1},
        "--resamples=21",
    ),
}


def centres(folder: Path) -> None:
    """No set but the default has all AUs of DISFA, so that dataset goes."""
    configure("training.centres", "jaanet")(folder)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    del config["datasets"]["synthetic_disfa"]
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def method_of_contributing(folder: Path) -> None:
    """The example's file, and its name in the configuration."""
    (text,) = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)
    (folder / "g2rl/methods/example.py").write_text(text, encoding="utf-8")
    configure("methods", ["baseline", "g2rl", "example"])(folder)


CONFIG = [
    *(Edit(f"key {key}", configure(key, value), jobs, reason) for key, (value, jobs, reason) in KEYS.items()),
    Edit(
        "key training.centres", centres, {"train": 4, "test": 4, "metrics": 4, **REPORT}, "--centres=jaanet"
    ),
    Edit("centre of an AU in use", configure("au_centres", {12: "48"}), TRAINED, "12: 48,"),
    Edit("a new method in one file", method_of_contributing, KEYS["methods"][1], NEW),
    # As a set the values are the same: 1 and 16.
    Edit("two values swapped", configure("training.epochs", 16, batch_size=1), TRAINED, "--epochs=16"),
    Edit("keys in another order", reorder_keys),
    Edit("a default written out", configure("training.shift", 0.0, centres="default")),
    Edit(
        "a second seed", configure("seeds", [0, 1]), TRAINED | {"figure3": 0, "figure4": 0, "figure5": 0}, NEW
    ),
    Edit("a value of the sweep that there is", configure("sweep.sigma", [1, 2])),
]


# The files that stages read


def rewrite(path: str, content: bytes = b"\n") -> Callable[[Path], None]:
    """More bytes in a file that is there; b"": the same ones, at a later time."""

    def change(folder: Path) -> None:
        with open(folder / path, "ab") as stream:
            stream.write(content)
        (folder / path).touch()

    return change


def reverse_rows(folder: Path) -> None:
    head, *rows = (folder / "disfa.tsv").read_text().splitlines()
    (folder / "disfa.tsv").write_text("\n".join([head, *reversed(rows)]) + "\n")


# One shard of DISFA: both folds test or train with it.
SHARD = {"manifest": 1, "frames": 1, "train": 4, "test": 8, "image_free": 4, "metrics": 6, **REPORT}
RAW = "results/raw/synthetic_disfa"
RUN = "results/synthetic_disfa/g2rl_sigma2_lambda0.05_seed0"
VIDEO = f"{RAW}/Videos_LeftCamera/LeftVideoSN001_comp.avi"
LABELS = f"{RAW}/ActionUnit_Labels/SN001/SN001_au1.txt"
FILES = [
    Edit(
        "a subject moved to another fold",
        replace("disfa.tsv", "SN001\tSN001\t1", "SN001\tSN001\t2"),
        {"manifest": 2, "frames": 1, "train": 8, "test": 8, "image_free": 4, "metrics": 6, **REPORT},
        "Set of input files",
    ),
    Edit(
        "a subject taken out",
        replace("disfa.tsv", "SN001\tSN001\t1\n", ""),
        SHARD,
        "Set of input files",
    ),
    Edit("a sheet's rows in another order", reverse_rows),
]
RESULTS = [
    ("a video", VIDEO, SHARD | {"landmarks": 1, "align": 1}),
    ("labels", LABELS, SHARD | {"align": 1}),
    ("landmarks", "results/synthetic_disfa/landmarks/SN001.h5", SHARD | {"align": 1}),
    ("a shard", "results/synthetic_disfa/cache/SN001.h5", SHARD),
    ("a model", f"{RUN}/fold1/model.safetensors", {"test": 1, "metrics": 1, **OF_TESTS}),
    ("a history", f"{RUN}/fold1/history.csv", {"table1": 1, "guidance": 1}),
    ("predictions", f"{RUN}/fold1/predictions.csv", {"metrics": 1, **OF_TESTS}),
    ("measures", f"{RUN}/metrics.csv", {"table1": 1, "figure6": 1, "figure7": 1}),
    ("counts of frames", "results/synthetic_disfa/frames.csv", {"table1": 1}),
]
FILES += [
    *(Edit(name, rewrite(path), jobs, Path(path).name, results=True) for name, path, jobs in RESULTS),
    Edit(
        "all of these touched",
        all_of(*(rewrite(path, b"") for _, path, _ in RESULTS)),
        results=True,
    ),
]
EDITS = {edit.name: edit for edit in [*CODE, *CONFIG, *FILES]}
# Some of each kind; the others go the same way through the rules and are slow (make reruns). Whether each
# rule follows its modules and packages is tested for all of them, without a dry run.
OFTEN = (
    *("module __init__", "module network/heatmaps", "module paths", "data published_table1.csv"),
    *("package torch", "key training.epochs", "key training.guidance", "key training.milestones"),
)
TRIED = [
    pytest.param(name, marks=pytest.mark.slow)
    if name.startswith(("module ", "data ", "package ", "key training.")) and name not in OFTEN
    else name
    for name in EDITS
]


@dataclass(frozen=True)
class Planned:
    """What a dry run says: how many jobs of each rule, and their reasons."""

    jobs: dict[str, int]
    reasons: dict[str, str]


def dry_run(processes: Pool, project: Path) -> Planned:
    status, text = processes.apply(dryrun.plan, (str(project),))
    assert status == 0, text
    jobs: dict[str, int] = Counter()
    reasons: dict[str, str] = defaultdict(str)
    for rule, lines in re.findall(r"^(?:local)?rule (\w+):\n((?: +.*\n)+)", text, re.MULTILINE):
        jobs[rule] += rule != "all"
        reasons[rule] += re.search(r"^ +reason: (.*)$", lines, re.MULTILINE)[1] + "\n"
    return Planned({rule: count for rule, count in jobs.items() if count}, dict(reasons))


@pytest.fixture(scope="module")
def plans(request, rebuilt, tmp_path_factory):
    """The dry run of every edit that is to be tested, a few at a time."""

    def plan(edit: Edit | None) -> Planned:
        folder = tmp_path_factory.mktemp("edit")
        for name in ("g2rl", "workflow", "profiles"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (ROOT / "Snakefile", ROOT / "requirements.lock", *rebuilt.folder.glob("*.*")):
            if path.is_file():
                shutil.copy(path, folder)
        shutil.copy(folder / "disfa.tsv", folder / "other.tsv")
        for name in ("results", ".snakemake"):
            if edit and edit.results:
                shutil.copytree(rebuilt.folder / name, folder / name)
            else:
                (folder / name).symlink_to(rebuilt.folder / name)
        if edit:
            edit.change(folder)
        try:
            return dry_run(processes, folder)
        finally:
            shutil.rmtree(folder)

    items = [item for item in request.session.items if "plans" in item.fixturenames]
    chosen = dict.fromkeys(item.callspec.params["edit"] for item in items)
    with dryrun.processes(int(CORES)) as processes, ThreadPoolExecutor(int(CORES)) as threads:
        yield {name: threads.submit(plan, EDITS.get(name)) for name in chosen}
        threads.shutdown(cancel_futures=True)


@pytest.mark.parametrize("edit", [""])
def test_a_copy_of_the_project_reruns_nothing(plans, edit):
    assert plans[edit].result() == Planned({}, {})


@pytest.mark.parametrize("edit", TRIED)
def test_edit_reruns_exactly(plans, edit):
    planned, expected = plans[edit].result(), EDITS[edit]
    jobs = {rule: count for rule, count in expected.jobs.items() if count}
    assert planned.jobs == (jobs | {"lock": 1} if jobs else {})  # it follows everything
    if expected.rules is None:
        assert not expected.jobs or expected.reason in "".join(planned.reasons.values())
    else:
        assert all(expected.reason in planned.reasons[rule] for rule in first(expected.rules))


@pytest.mark.parametrize("rule", EVERY)
def test_a_rule_follows_its_modules_and_packages(rule):
    """Also where it follows a rule that reruns for the same edit, whose reason hides its own."""
    stage = {"table1": "table"}.get(rule, rule.partition("_synthetic")[0])
    found = {re.split("==| ", line)[0] for line in stage_code(stage, ROOT / "requirements.lock")}
    expected = {dotted(name) for name, rules in MODULES.items() if rule in rules}
    expected |= {f"g2rl/resources/{name}" for name, rules in DATA.items() if rule in rules}
    assert {name for name in found if name.startswith("g2rl")} == expected
    assert found & set(PACKAGES) == {name for name, rules in PACKAGES.items() if rule in rules}


def test_those_tried_often_are_there():
    assert set(OFTEN) <= EDITS.keys()


def test_every_module_is_edited():
    found = {path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py")}
    assert found == set(MODULES)
    assert {path.name for path in (PACKAGE / "resources").iterdir()} == set(DATA)


def test_every_key_is_edited():
    keys = re.findall(r"^\| `([\w.]+)` \|", keys_table(), re.MULTILINE)
    assert len(keys) > 30
    edited = {name.removeprefix("key ").replace("synthetic_disfa", "NAME") for name in EDITS}
    # Each layout is rendered in one way, with names of its own: another one is another dataset.
    assert set(keys) - {"datasets.NAME.layout"} <= edited
