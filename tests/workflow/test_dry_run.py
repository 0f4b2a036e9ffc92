"""What is said before anything runs: the paper's plan on trees in the real layouts, and what is wrong."""

import re
import resource
import shutil

import pytest
import yaml
from conftest import ROOT, Workflow

from g2rl.datasets.registry import get_layout
from g2rl.datasets.sheet import read_sheet
from g2rl.faces.landmarks_file import read_landmarks
from g2rl.paths import Results
from g2rl.workflow.snakemake_patches import SWITCH


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> Workflow:
    """config/paper.yaml with roots to trees that have every file of both datasets, empty ones."""
    workflow = Workflow(tmp_path_factory.mktemp("paper"))
    for name, sheet in (("bp4d", "bp4d"), ("disfa", "disfa_folds_a")):
        layout, root = get_layout(name), workflow.folder / name.upper()
        for row in read_sheet(ROOT / f"config/datasets/{sheet}.tsv"):
            media = layout.media(root, row.sequence)
            (media if not media.suffix else media.parent).mkdir(parents=True, exist_ok=True)
            if media.suffix:
                media.touch()
            else:
                (media / "0001.jpg").touch()
            for path in layout.label_paths(root, row.sequence):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("1,0\n")
    shutil.copytree(ROOT / "config/datasets", workflow.folder / "config/datasets")
    text = (ROOT / "config/paper.yaml").read_text()
    text = text.replace("/path/to/BP4D", "BP4D").replace("/path/to/DISFA", "DISFA")
    (workflow.folder / "config.yaml").write_text(text)
    return workflow


def change(workflow: Workflow, tmp_path, **values) -> str:
    """A changed copy of the paper's configuration; returns its path."""
    path = tmp_path / "changed.yaml"
    path.write_text(yaml.safe_dump(workflow.config | values))
    return str(path)


def message(workflow: Workflow, config: str = "config.yaml") -> str:
    """What a failed dry run says, besides the line on the profile."""
    done = workflow.run("--dry-run", config=config)
    assert done.returncode == 1
    text = done.stdout + done.stderr
    assert "Traceback" not in text
    return "\n".join(line for line in text.splitlines() if not line.startswith("Using workflow specific"))


def test_dry_run_lists_the_papers_runs(paper):
    start = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    planned = paper.planned()
    assert sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - start < 15  # seconds of CPU
    assert planned == {
        "check": 2,
        "replan": 1,
        "weights": 1,
        "landmarks": 355,
        "align": 355,
        "manifest": 5,
        "frames": 2,
        "train": 40,
        "test": 40,
        "image_free": 8,
        "metrics": 24,
        "table1": 1,
        "claims": 1,
        "figure1": 1,
        "figure2": 1,
        "figure3": 1,
        "figure4": 1,
        "figure5": 1,
        "figure6": 1,
        "figure7": 1,
        "guidance": 1,
        "lock": 1,
        "all": 1,
    }


def test_the_papers_lock_is_made_of_the_outputs_of_every_rule(paper, monkeypatch):
    monkeypatch.chdir(paper.folder)
    files = set(paper.jobs().result_files())
    also = {"results/lock.json", "results/summary.json", *Results("results").pages(paper.config["datasets"])}
    assert files | also | {"results/.checked"} == paper.outputs("all")


def jobs(plan: str) -> list[str]:
    """What a dry run says of each job: not when, nor its number, nor a folder for temporary files."""
    said = plan.partition("Job stats:")[2]
    said = re.sub(r"tmpdir=[^,\n]*|jobid: .*|\[.* 20\d\d\]\n", "", said)
    return sorted(filter(None, (job.strip() for job in said.split("\n\n"))))


def test_patches_do_not_change_the_plan(paper):
    """Every job's message, command and resources, as Snakemake alone makes them."""
    order = {"PYTHONHASHSEED": "0"}  # of the files in a reason, which are a set
    plain, patched = (
        paper.run("--dry-run", "--printshellcmds", "all", **order, **switch) for switch in ({}, {SWITCH: "1"})
    )
    assert plain.returncode == patched.returncode == 0
    assert plain.stdout.count("g2rl landmarks") == 355
    assert len(jobs(plain.stdout)) > 2 * 355
    assert jobs(plain.stdout) == jobs(patched.stdout)


def test_paper_trains_on_the_gpu(paper):
    done = paper.run(
        "--dry-run", "--printshellcmds", "results/disfa/baseline_sigma2_seed0/fold1/model.safetensors"
    )
    text = done.stdout + done.stderr
    command = next(line for line in text.splitlines() if "g2rl train" in line)
    assert "--backbone=resnet50.tv_in1k" in command
    assert "--weights=results/weights/resnet50.tv_in1k.safetensors" in command
    assert "gpu=1" in text


def test_missing_roots_are_one_message(tmp_path):
    workflow = Workflow(tmp_path)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    text = message(workflow, "config/paper.yaml")
    assert "datasets.bp4d.root: /path/to/BP4D: no such folder" in text
    assert len(text.splitlines()) == 1


def test_missing_files_are_counted(paper, tmp_path):
    moved = paper.folder / "DISFA/Videos_LeftCamera/LeftVideoSN003_comp.avi"
    moved.rename(tmp_path / "aside")
    try:
        text = message(paper)
    finally:
        (tmp_path / "aside").rename(moved)
    assert "1 of 27" in text
    assert "LeftVideoSN003_comp.avi" in text


def test_wrong_layout_says_what_it_looks_like(paper, tmp_path):
    datasets = paper.config["datasets"]
    datasets["bp4d"] |= {"root": "DISFA"}
    text = message(paper, change(paper, tmp_path, datasets=datasets))
    assert "disfa" in text
    assert "datasets.bp4d.root" in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sigam": 1}, "sigam: unknown key, did you mean 'sigma'"),
        ({"training": {"epochs": 0}}, "training.epochs"),
        ({"datasets": {}}, "datasets"),
        ({"training": {"backbone": "resnet5000"}}, "training.backbone: timm has no model 'resnet5000'"),
    ],
)
def test_bad_configuration_is_one_message(paper, tmp_path, values, words):
    text = message(paper, change(paper, tmp_path, **values))
    assert words in text
    assert "changed.yaml" in text
    assert len(text.splitlines()) == 1


def test_a_configuration_of_ones_own_is_not_merged_into_the_default(paper):
    assert not (paper.folder / "config/config.yaml").exists()  # nor needed
    assert "synthetic" not in str(paper.planned())


def test_embedded_default_is_planned_from_a_fresh_clone(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    planned = Workflow(tmp_path).planned(config="config/config.yaml")
    assert planned["render_synthetic_bp4d"] == 82
    assert planned["render_synthetic_disfa"] == 27
    assert planned["train"] == 12
    assert planned["head"] == 1


def test_weights_of_ones_own(paper, tmp_path):
    missing = change(paper, tmp_path, weights=str(tmp_path / "resnet50.safetensors"))
    assert "resnet50.safetensors" in message(paper, missing)
    (tmp_path / "resnet50.safetensors").touch()
    assert paper.planned(config=missing)["weights"] == 1


@pytest.fixture
def broken(tmp_path) -> Workflow:
    """Two videos that are none, with codes of one frame."""
    from conftest import write_sheet

    layout = get_layout("disfa")
    sequences = {"SN001": ("SN001", 1), "SN002": ("SN002", 2)}
    write_sheet(tmp_path / "sheet.tsv", sequences)
    for sequence in sequences:
        for path in [layout.media(tmp_path / "D", sequence), *layout.label_paths(tmp_path / "D", sequence)]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("1,0\n")
    workflow = Workflow(tmp_path)
    dataset = {"layout": "disfa", "root": "D", "sheet": "sheet.tsv"}
    workflow.configure({"datasets": {"disfa": dataset}, "weights": "none"})
    return workflow


LANDMARKS = [f"results/disfa/landmarks/{sequence}.h5" for sequence in ("SN001", "SN002")]


def test_copy_with_errors_stops_before_anything_expensive(broken):
    done = broken.run(*LANDMARKS)
    text = done.stdout + done.stderr
    assert done.returncode == 1
    assert "ERROR video-unreadable (2)" in text
    assert "do:    copy this file again from the distribution" in text
    assert "g2rl landmarks" not in text


def test_broken_videos_have_no_frame_where_faults_are_allowed(broken):
    config = broken.config
    config["datasets"]["disfa"]["allow_faults"] = True
    broken.configure(config)
    done = broken.run(*LANDMARKS)
    assert done.returncode == 0, done.stdout + done.stderr
    for sequence, path in zip(("SN001", "SN002"), LANDMARKS, strict=True):
        log = (broken.folder / f"results/logs/disfa/landmarks/{sequence}.log").read_text()
        assert re.fullmatch(
            r"\d\d:\d\d:\d\d WARNING "
            rf"D/Videos_LeftCamera/LeftVideo{sequence}_comp\.avi: .*: the sequence has no frame\n",
            log,
        )
        assert len(read_landmarks(broken.folder / path).frame) == 0
    assert "video-unreadable" in (broken.folder / "results/disfa/check.csv").read_text()


def test_broken_video_that_no_check_knew_is_named_and_stops_only_what_needs_it(broken):
    """Each job's own message is shown, and the other sequences go on."""
    (broken.folder / "results/disfa").mkdir(parents=True)
    (broken.folder / "results/disfa/check.csv").write_text("severity,code,file\n")
    done = broken.run("--touch", "results/disfa/check.csv")
    done = broken.run(*LANDMARKS)
    text = done.stdout + done.stderr
    assert done.returncode == 1
    for sequence in ("SN001", "SN002"):
        assert f"g2rl landmarks: D/Videos_LeftCamera/LeftVideo{sequence}_comp.avi: " in text
    assert "Traceback" not in text


@pytest.mark.parametrize(("over", "gpu"), [([], True), (["config/paper_size_cpu.yaml"], False)])
def test_the_study_at_the_papers_size_is_planned(tmp_path, over, gpu):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    files = " ".join(["config/config.yaml", "config/paper_size.yaml", *over])
    done = Workflow(tmp_path).run("--dry-run", "--printshellcmds", "ablations", config=files)
    commands = [line for line in done.stdout.splitlines() if "g2rl train" in line]
    assert len(commands) == 9
    assert sum("--permute-landmarks" in line for line in commands) == 3
    assert all("--epochs=24" in line and ("resnet50" in line) == gpu for line in commands)
    assert ("gpu=1" in done.stdout) == gpu
