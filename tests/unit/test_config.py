"""The configuration: what it takes, how it names what it does not take, and the runs that follow from it."""

import dataclasses
import json
import re
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from g2rl import paths
from g2rl.config import docs, keys, load, training, values
from g2rl.config import runs as runs_module
from g2rl.config import schema as config
from g2rl.datasets.registry import LAYOUTS
from g2rl.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
DATASET = {"layout": "disfa", "root": "/data", "sheet": "sheet.tsv"}


def parse(**values):
    return load.parse({"datasets": {"disfa": DATASET}} | values, "my.yaml")


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml"])
def test_committed_configs_are_valid(name):
    path = ROOT / "config" / name
    load.load(path)
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(docs.schema()))


def test_committed_schema_is_the_generated_one():
    assert (ROOT / "config/config.schema.json").read_text(encoding="utf-8") == docs.schema(), (
        "rewrite it: g2rl config --schema > config/config.schema.json"
    )


def test_committed_table_of_keys_is_the_generated_one():
    text = (ROOT / "config/README.md").read_text(encoding="utf-8")
    assert text.partition("`g2rl config --keys` -->\n")[2] == docs.keys_table()
    assert all(f"`training.{field.name}`" in text for field in dataclasses.fields(training.Training))


def test_null_takes_a_dataset_out_and_one_must_stay():
    assert list(parse(datasets={"disfa": DATASET, "bp4d": None}).datasets) == ["disfa"]
    with pytest.raises(InputError, match="datasets"):
        parse(datasets={"disfa": None})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sgima": 1}, ["my.yaml", "sgima", "did you mean 'sigma'"]),
        ({"training": {"batchsize": 8}}, ["training.batchsize", "did you mean 'batch_size'"]),
        ({"sweep": {"lamda": [0.1]}}, ["sweep.lamda", "did you mean 'lambda'"]),
        ({"datasets": {"d": DATASET | {"roots": "x"}}}, ["datasets.d.roots", "did you mean 'root'"]),
        (
            {"datasets": {"d": DATASET | {"synthetic": {"frames": 3, "sed": 1}}}},
            ["datasets.d.synthetic.sed", "did you mean 'seed'"],
        ),
    ],
)
def test_unknown_key_is_named_with_the_nearest_known(change, words):
    with pytest.raises(InputError) as caught:
        parse(**change)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sigma": 0}, ["sigma", "greater than 0", "found 0"]),
        ({"lambda": 1}, ["lambda", "less than 1"]),
        ({"training": {"lr": "fast"}}, ["training.lr", "number", "'fast'"]),
        ({"training": {"image_size": 100}}, ["training.image_size", "multiple of 32"]),
        ({"training": {"precision": "fp8"}}, ["training.precision", "'bf16' or 'fp32'"]),
        ({"training": {"epochs": 2.5}}, ["training.epochs", "2.5"]),
        ({"sweep": {"sigma": [1, -1]}}, ["sweep.sigma.1", "-1"]),
        ({"seeds": []}, ["seeds", "at least 1"]),
        ({"seeds": [0, 1, 0]}, ["seeds", "twice"]),
        ({"ablations": {"seeds": [2, 2]}}, ["ablations.seeds", "twice"]),
        ({"ablations": {"variants": {"g2rl": {}}}}, ["ablations.variants.g2rl", "taken"]),
        ({"ablations": {"datasets": ["none"]}}, ["ablations.datasets", "'none'"]),
        ({"sigma": float("nan")}, ["sigma", "finite"]),
        ({"datasets": {}}, ["datasets", "at least 1"]),
        ({"datasets": {"a/b": DATASET}}, ["a/b"]),
        ({"datasets": {"d": {"layout": "disfa"}}}, ["datasets.d.root", "missing"]),
        ({"datasets": {"d": {"layout": "disfa", "root": "/d"}}}, ["datasets.d.sheet", "missing"]),
        ({"datasets": {"d": DATASET | {"root": "a{b}"}}}, ["datasets.d.root: a{b}: braces"]),
        ({"weights": "{0}.pth"}, ["weights: {0}.pth: braces"]),
        ({"datasets": {"d": DATASET | {"layout": "faces"}}}, ["datasets.d.layout", "'bp4d'", "'faces'"]),
        (
            {"datasets": {"synthetic_d": DATASET | {"layout": "disfa_right", "synthetic": {"frames": 9}}}},
            ["datasets.synthetic_d.synthetic", "bp4d, disfa, people can", "disfa_right"],
        ),
    ],
)
def test_wrong_value_is_named_with_what_was_expected(change, words):
    with pytest.raises(InputError) as caught:
        parse(**change)
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"sigma: [", "not YAML"),
        (b"- 1", "expected keys and values, found list"),
        (b"\xff\xfe\xff", "not YAML"),
    ],
)
def test_file_that_is_no_config(tmp_path, text, words):
    path = tmp_path / "config.yaml"
    path.write_bytes(text)
    with pytest.raises(InputError, match=f"config.yaml: .*{words}"):
        load.load(path)


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    parsed = parse(datasets={"d": DATASET | {"root": "~/DISFA"}}, weights="~/resnet50.pth")
    assert (parsed.datasets["d"].root, parsed.weights) == ("/home/me/DISFA", "/home/me/resnet50.pth")


def test_missing_file():
    with pytest.raises(InputError, match=r"nowhere\.yaml: cannot be read"):
        load.load("nowhere.yaml")


def test_paper_config_is_the_papers_set_of_runs():
    runs = runs_module.runs(load.load(ROOT / "config/paper.yaml"))
    # Figure 6 has five σ, Figure 7 five λ, the default in both; and the Baseline.
    assert [run.name for run in runs] == [
        "baseline_sigma2_seed0",
        "g2rl_sigma2_lambda0.05_seed0",
        "g2rl_sigma0.4472_lambda0.05_seed0",
        "g2rl_sigma0.7071_lambda0.05_seed0",
        "g2rl_sigma1_lambda0.05_seed0",
        "g2rl_sigma2.236_lambda0.05_seed0",
        "g2rl_sigma2_lambda0.005_seed0",
        "g2rl_sigma2_lambda0.01_seed0",
        "g2rl_sigma2_lambda0.1_seed0",
        "g2rl_sigma2_lambda0.5_seed0",
    ]


def test_figure_6_with_matched_lambda_has_a_second_run_at_each_sigma():
    parsed = parse(sweep={"sigma": [1, 2], "lambda": [0.5], "match_lambda": True})
    assert [run.name for run in runs_module.sweep_runs(parsed, "sigma")] == [
        "g2rl_sigma1_lambda0.05_seed0",
        "g2rl_sigma2_lambda0.05_seed0",
        "g2rl_sigma1_lambda0.1739_seed0",
    ]
    assert {run.lambda_ for run in runs_module.sweep_runs(parsed, "lambda")} == {0.05, 0.5}
    flags = runs_module.training_flags(parsed, runs_module.sweep_runs(parsed, "sigma")[-1], [6])
    assert {"--sigma=1", "--lambda=0.1739"} <= set(flags)


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        ({"a": "c"}, "datasets.a.start_from: 'c' is none of the datasets ['a', 'b']"),
        ({"a": "a"}, "datasets.a.start_from: a → a is a circle"),
        ({"a": "b", "b": "a"}, "datasets.a.start_from: a → b → a is a circle"),
    ],
)
def test_a_dataset_starts_from_another_one(starts, words):
    datasets = {name: DATASET | {"start_from": starts.get(name)} for name in ("a", "b")}
    with pytest.raises(InputError) as caught:
        parse(datasets=datasets)
    assert words in str(caught.value)
    assert parse(datasets=datasets | {"a": DATASET | {"start_from": "b"}, "b": DATASET})


SIGMA = st.sampled_from([0.5, 1, 1.414, 2, 2.236, 4])
LAMBDA = st.sampled_from([0.005, 0.01, 0.05, 0.1, 0.5])


@given(
    SIGMA,
    LAMBDA,
    st.lists(SIGMA, unique=True),
    st.lists(LAMBDA, unique=True),
    st.sets(st.integers(0, 9), min_size=1),
)
def test_runs_are_distinct_and_sweeps_hold_the_default(sigma, weight, sigmas, weights, seeds):
    values = {
        "sigma": sigma,
        "lambda": weight,
        "seeds": sorted(seeds),
        "sweep": {"sigma": sigmas, "lambda": weights},
    }
    parsed = parse(**values)
    runs = runs_module.runs(parsed)
    assert len({run.name for run in runs}) == len(runs)
    assert len(runs) == len(seeds) * (
        1 + len({(s, weight) for s in [*sigmas, sigma]} | {(sigma, w) for w in weights})
    )
    for seed in seeds:
        assert paths.Run(sigma, 0.0, seed) in runs
        for parameter, values in (("sigma", sigmas), ("lambda", weights)):
            points = [run for run in runs_module.sweep_runs(parsed, parameter) if run.seed == seed]
            default = sigma if parameter == "sigma" else weight
            found = [run.sigma if parameter == "sigma" else run.lambda_ for run in points]
            assert found == sorted({*values, default})
            assert set(points) <= set(runs)


VARIANTS = {
    "detached": {"guidance": "detached"},
    "few": {"max_subjects": 4, "against": "few_baseline"},
    "few_baseline": {"max_subjects": 4, "lambda": 0},
}


def test_ablations_pair_each_variant_with_its_reference_seed_by_seed():
    parsed = parse(ablations={"variants": VARIANTS, "seeds": [3, 5]}, plus={"epochs": 4, "sigma": 1})
    names = {
        variant: [[run.name for run in runs] for runs in pair]
        for variant, pair in runs_module.ablation_runs(parsed).items()
    }
    baseline = ["baseline_sigma2_seed3", "baseline_sigma2_seed5"]
    assert names["baseline"] == [baseline, baseline]
    assert names["g2rl"][0][0] == "g2rl_sigma2_lambda0.05_seed3"
    assert names["detached"] == [[f"g2rl_sigma2_lambda0.05_detached_seed{n}" for n in (3, 5)], baseline]
    assert names["few"] == [
        [f"g2rl_sigma2_lambda0.05_few_seed{n}" for n in (3, 5)],
        [f"baseline_sigma2_few_baseline_seed{n}" for n in (3, 5)],
    ]
    assert names["g2rlplus"] == [[f"g2rlplus_sigma1_lambda0.05_seed{n}" for n in (3, 5)], baseline]
    (few, _), (bare, _) = (runs_module.ablation_runs(parsed)[name] for name in ("few", "few_baseline"))
    assert "--max-subjects=4" in runs_module.training_flags(parsed, few[0], [6])
    assert "--lambda=0" in runs_module.training_flags(parsed, bare[0], [6])
    # Table 1 has G2RL+, and no other variant.
    assert [run.name for run in runs_module.runs(parsed)][2:] == ["g2rlplus_sigma1_lambda0.05_seed0"]
    assert all(not run.variant for run in runs_module.sweep_runs(parsed, "sigma"))


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ({"gidance": "joint"}, ["ablations.variants.d.gidance", "did you mean 'guidance'"]),
        ({"epochs": "many"}, ["ablations.variants.d.epochs", "integer", "'many'"]),
        ({"lambda": 1}, ["ablations.variants.d.lambda", "less than 1", "found 1"]),
        ({"sigma": "wide"}, ["ablations.variants.d.sigma", "'wide'"]),
        ({"against": "nobody"}, ["ablations.variants.d.against", "'nobody'", "'g2rl', 'd'"]),
    ],
)
def test_wrong_variant_is_named(variant, words):
    with pytest.raises(InputError) as caught:
        parse(ablations={"variants": {"d": variant}})
    assert all(word in str(caught.value) for word in words), caught.value


def test_committed_ablations_are_valid():
    for name in ("ablations.yaml", "validation.yaml"):
        default, overlay = (yaml.safe_load((ROOT / "config" / n).read_text()) for n in ("config.yaml", name))
        parsed = load.parse(default | overlay, name)
        assert len(runs_module.ablation_runs(parsed)) > 5


def test_layouts_are_those_that_can_be_read():
    assert set(get_args(config.Dataset.model_fields["layout"].annotation)) == set(LAYOUTS)


IN_A_FILE = [  # what pydantic refuses in a configuration, too
    ({"epochs": 2.5}, "epochs: 2.5, expected a whole number"),
    ({"lr": float("nan")}, "lr: nan, expected a number"),
    ({"image_size": 100}, "image_size: 100, expected a multiple of 32"),
    ({"channels": (8,) * 6}, "expected 5 or fewer values"),
    ({"milestones": (0,)}, "milestones: 0, expected 1 or more"),
    ({"max_subjects": 0}, "max_subjects: 0, expected 1 or more"),
    ({"guidance": "none"}, "guidance: 'none', expected one of joint, detached"),
    ({"calibrate": True, "decoding": "soft"}, "calibrate: .*expected decoding max"),
]
ELSEWHERE = [  # what a file cannot have, or pydantic converts
    ({"flip": 1}, "flip: 1, expected true or false"),
    ({"lr": True}, "lr: True, expected a number"),
    ({"milestones": [1]}, "expected a list"),
    ({"lam": 1.0}, "lambda: 1.0, expected less than 1"),
    ({"sigma": 0}, "sigma: 0, expected greater than 0"),
]
STRINGS = [name for name, kind in values.kinds(training.Settings).items() if values.choices(kind)]


@pytest.mark.parametrize(("change", "words"), [*IN_A_FILE, *ELSEWHERE])
def test_settings_are_checked_without_pydantic(change, words):
    with pytest.raises(InputError, match=words):
        training.Settings(**change)


@pytest.mark.parametrize("change", [change for change, _ in IN_A_FILE])
def test_settings_are_checked_with_it(change):
    with pytest.raises(InputError, match=rf"my\.yaml: training(\.|: ){next(iter(change))}"):
        parse(training=change)


@pytest.mark.parametrize("name", STRINGS)
def test_a_choice_that_is_not_known_is_refused_with_those_that_are(name):
    with pytest.raises(InputError, match=f"{name}: 'jiont', expected one of "):
        training.Settings(**{name: "jiont"})


def test_flags_name_every_key():
    section = training.Training(epochs=3, channels=(8, 4), flip=True, lr_geometry=0.1)
    flags = runs_module.option_flags(section)
    assert {"--epochs=3", "--channels=8,4", "--flip", "--lr-geometry=0.1", "--lr=0.0005"} <= set(flags)
    assert not any(flag.startswith("--lr-projection") for flag in flags)  # null: the command's own default
    assert "--no-flip" in runs_module.option_flags(training.Training())


def test_baseline_does_not_depend_on_the_module():
    change = {"guidance": "joint", "projection": "pooled", "lr_geometry": 0.1, "lr_projection": 0.2}
    change |= {"geometry": "frozen"}
    change |= {"adjacency": "inverse", "geometry_init": "he", "permute_landmarks": True}
    change |= {"geometry_reduction": "mean", "geometry_bias": False, "geometry_relu": True}
    change |= {"landmark_units": "pixels", "dynamic_adjacency": True}
    change |= {"projection_channels": 4, "projection_init": "glorot"}
    assert change.keys() == set(runs_module.GEOMETRY_KEYS)
    baseline, guided = runs_module.runs(parse())
    one, other = parse(), parse(training=change)
    flags = runs_module.training_flags
    assert flags(one, baseline, [6]) == flags(other, baseline, [6])
    assert flags(one, guided, [6]) != flags(other, guided, [6])


def test_every_key_is_described():
    schema = json.loads(docs.schema())
    for section in (schema, *schema["$defs"].values()):
        undescribed = [key for key, value in section["properties"].items() if "description" not in value]
        assert undescribed in ([], ["sweep", "frames", "training", "compute", "ablations", "measures"]), (
            section["title"]
        )


def test_choices_are_documented_with_the_papers_values():
    table = docs.choices(load.load(ROOT / "config/paper.yaml"))
    assert (
        "| `training.guidance` | joint | detached, standardised, warmup, variance | Eq. 6 is minimised"
        in table
    )
    assert (
        "| `datasets.NAME.sheet` | config/datasets/bp4d.tsv, config/datasets/disfa_folds_a.tsv | any |"
        in table
    )
    text = (ROOT / "docs/choices.md").read_text(encoding="utf-8")
    assert text.partition("<!-- choices -->\n")[2].partition("<!-- /choices -->")[0] == table, (
        "write `g2rl config config/paper.yaml --choices` between its marks"
    )


def test_paper_config_sets_each_choice_and_says_which_are_the_projects_own():
    text = (ROOT / "config/paper.yaml").read_text(encoding="utf-8")
    marks = r"^ *(\w+):.*# (?:not specified|not in the paper)"
    marked = {match[1] for match in re.finditer(marks, text, re.MULTILINE)}
    for key, node in keys.every_key(config.Config.model_json_schema()):
        paper = values.split_doc(node["description"]).get("Paper")
        if paper is None:
            continue
        given = [yaml.safe_load(text)]
        for part in key.split("."):  # given in the file, not left to a default
            below = [value.values() if part == "NAME" else [value[part]] for value in given]
            given = [each for values_ in below for each in values_]
        if paper == "not specified" or paper.startswith("no such"):
            assert key.rpartition(".")[2] in marked


def test_every_setting_has_a_docstring_of_known_parts():
    found = values.attribute_docs(training.Settings)
    assert list(found) == [field.name for field in dataclasses.fields(training.Settings)]
    for doc in found.values():
        parts = values.split_doc(doc)
        assert parts[""]
        assert set(parts) <= {"", "Paper", "Used by"}
