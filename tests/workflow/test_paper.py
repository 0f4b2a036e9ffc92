"""The paper's configuration on small copies in the real layouts: ResNet-50 at 256 pixels, to Table 1."""

import pandas as pd
import pytest
import yaml
from conftest import ROOT, Workflow, check_every_frame_is_counted, write_sheet

from g2rl.synthetic.dataset import render_sequence
from g2rl.synthetic.head import cut_head

SEQUENCES = {
    "bp4d": {"F001_T1": ("F001", 0), "M001_T1": ("M001", 0), "F002_T1": ("F002", 1), "M002_T1": ("M002", 1)},
    "disfa": {"SN001": ("SN001", 1), "SN006": ("SN006", 0), "SN003": ("SN003", 0)},
}
FRAMES = 4


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> Workflow:
    """Rendered faces as copies of BP4D (1040×1392 JPEG) and DISFA (1024×768 AVI); one epoch, no sweeps."""
    workflow = Workflow(tmp_path_factory.mktemp("paper"))
    head = workflow.folder / "head.npz"
    cut_head(head)
    config = yaml.safe_load((ROOT / "config/paper.yaml").read_text(encoding="utf-8"))
    for name, sequences in SEQUENCES.items():
        root = workflow.folder / name.upper()
        for sequence, (subject, _) in sequences.items():
            render_sequence(head, name, root, sequence, subject, FRAMES, seed=0)
        write_sheet(workflow.folder / f"{name}.tsv", sequences)
        config["datasets"][name] |= {"root": name.upper(), "sheet": f"{name}.tsv"}
    config["sweep"] = {"sigma": [], "lambda": []}
    config["training"] |= {"epochs": 1, "batch_size": 4}
    workflow.configure(config | {"weights": "none", "compute": {"gpu": False, "threads": 1}, "resamples": 20})
    done = workflow.run("all", "extras")
    assert done.returncode == 0, done.stdout + done.stderr
    return workflow


def test_table1_has_real_rows_at_the_papers_settings(paper):
    table = pd.read_csv(paper.folder / "results/table1.csv", dtype={"au": str})
    measured = table[table["source"] == "measured"]
    assert set(measured["dataset"]) == {"bp4d", "disfa"}
    assert set(measured["method"]) == {"Best constant", "Landmarks ridge", "Baseline", "G2RL"}
    caption = (paper.folder / "results/table1.md").read_text()
    for words in ("resnet50.tv\\_in1k", "256 px", "Coded frames used: ", " on bp4d", " on disfa"):
        assert words in caption


def test_models_are_the_papers_network(paper):
    from safetensors import safe_open

    with safe_open(
        paper.folder / "results/disfa/g2rl_sigma2_lambda0.05_seed0/fold1/model.safetensors", "np"
    ) as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    assert shapes["head.weight"] == [24, 256, 1, 1]
    assert not any("projection" in name or "geometry" in name for name in shapes)


def test_no_frame_of_any_sequence_is_lost_uncounted(paper):
    for name, sequences in SEQUENCES.items():
        check_every_frame_is_counted(paper, name, sequences)


def test_copies_were_checked_first_and_warnings_do_not_stop(paper):
    for name in SEQUENCES:
        check = pd.read_csv(paper.folder / f"results/{name}/check.csv")
        assert set(check["severity"]) <= {"warning", "note"}
        assert "coded-range" in set(check["code"])  # they are shorter than the published ones


def test_every_figure_without_a_sweep_is_there(paper):
    assert {path.stem for path in (paper.folder / "results/figures").glob("*.png")} == {
        *("figure1", "figure2", "figure3", "figure4", "figure5")
    }


def test_extras_are_there(paper):
    cross = pd.read_csv(paper.folder / "results/cross_dataset.csv", dtype={"au": str})
    assert set(zip(cross["train"], cross["test"], strict=True)) == {
        (train, test) for train in SEQUENCES for test in SEQUENCES
    }
    assert set(cross["au"]) == {"6", "12", "17", "avg"}
    assert set(pd.read_csv(paper.folder / "results/locations.csv")["dataset"]) == set(SEQUENCES)


def test_checking_anew_makes_no_landmarks_anew(paper):
    sheet = paper.folder / "disfa.tsv"
    sheet.write_text(sheet.read_text() + "\n")
    assert paper.planned("all", "extras") == {"check": 1, "replan": 1, "lock": 1, "all": 1, "extras": 1}
