"""A lab's own FACS-coded videos, from a plain folder through g2rl init to Table 1; an AU without a place."""

import csv
import re
import shutil

import cv2
import pandas as pd
import pytest
import yaml
from conftest import ROOT, SMALL, Workflow, check_every_frame_is_counted

from g2rl.datasets.init import init
from g2rl.datasets.integrity.check import check
from g2rl.datasets.registry import get_layout
from g2rl.io.video import open_source
from g2rl.synthetic.dataset import render_sequence
from g2rl.synthetic.head import cut_head

PEOPLE = {"anna": 1, "berta": 1, "carl": 2, "dora": 2, "emil": 2, "fritz": 2}
MEDIA = {"anna": ".avi", "berta": ".mp4", "carl": "", "dora": ".mov", "emil": ".mkv", "fritz": ".avi"}
BROKEN = "fritz_1"  # its video does not open, and faults are allowed
AUS = (6, 12, 25)
FRAMES = 14


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Workflow:
    """Rendered people as videos of four kinds and a folder of images, codes of AUs 6, 7, 12 and 25 as several
    programs write them; sheet and configuration are those of ``g2rl init``."""
    workflow = Workflow(tmp_path_factory.mktemp("lab"))
    root, source = workflow.folder / "mine", workflow.folder / "source"
    head = workflow.folder / "head.npz"
    cut_head(head)
    (root / "videos").mkdir(parents=True)
    layout = get_layout("disfa")
    for number, person in enumerate(PEOPLE, 1):
        name = f"SN{min(number, 5):03d}"
        media = root / f"videos/{person}_1{MEDIA[person]}"
        if person == "fritz":
            media.write_bytes(b"cut")
        else:
            render_sequence(head, "disfa", source, name, name, FRAMES, seed=0)
            repack(layout.media(source, name), media)
        labels = layout.read_labels(source, name)
        codes = pd.DataFrame(labels.intensity, columns=[f"AU{au:02d}" for au in labels.aus])
        codes = codes[[f"AU{au:02d}" for au in AUS]]
        codes.insert(1, "AU07", codes["AU06"])  # stands in: the rendered faces have no AU 7
        codes.insert(0, "frame", labels.frame)
        codes.loc[3, "AU12"] = None  # not coded
        write_as(person, codes.astype("Int64"), root / f"{person}_1.csv")
    (written, said) = init(root, gpu=False)
    assert "6 recordings of 6 subjects, 84 coded frames, AU06, AU07, AU12, AU25" in said
    sheet = pd.read_csv(written[0], sep="\t")
    assert list(sheet["subject"]) == list(PEOPLE)
    sheet["fold"] = sheet["subject"].map(PEOPLE)  # two folds in place of three, for the time
    sheet.to_csv(written[0], sep="\t", index=False)
    workflow.configure(
        yaml.safe_load(written[1].read_text())
        | {"datasets": {"mine": {"layout": "table", "root": "mine", "allow_faults": True}}}
        | {"results": "results", "au_centres": {}, **SMALL}
    )
    shutil.copyfile(workflow.folder / "config.yaml", workflow.folder / "without_centre.yaml")
    return workflow


def write_as(person, codes, path):
    """The codes as a program writes them that this person's coder uses."""
    if person == "berta":  # European Excel
        codes.to_csv(path, index=False, sep=";", encoding="utf-16")
    elif person == "carl":  # R
        codes.to_csv(path, na_rep="NA", quoting=csv.QUOTE_NONNUMERIC)
    elif person == "dora":
        codes.astype(float).to_csv(path, index=False, sep="\t")
    else:
        codes.to_csv(path, index=False)


def repack(video, to):
    """The video as it is, in another container, or as a folder of images, by the name."""
    if to.suffix == ".avi":
        shutil.copyfile(video, to)
        return
    frames = [cv2.cvtColor(image, cv2.COLOR_RGB2BGR) for _, image in open_source(video).rgb()]
    if to.suffix:
        size = frames[0].shape[1::-1]
        writer = cv2.VideoWriter(str(to), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"mp4v"), 20, size)
        for frame in frames:
            writer.write(frame)
        writer.release()
        return
    to.mkdir()
    for number, frame in enumerate(frames, 1):
        cv2.imwrite(str(to / f"{to.name}_{number:05d}.jpg"), frame)


@pytest.fixture(scope="module")
def done(lab) -> Workflow:
    """The whole run, with the documented lines in its configuration."""
    text = (ROOT / "docs/own-data.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^au_centres:\n(?: +.*\n)+", text, re.MULTILINE)
    lab.configure(lab.config | yaml.safe_load(lines))
    run = lab.run("all")
    assert run.returncode == 0, run.stdout + run.stderr
    return lab


@pytest.fixture
def copy(done, tmp_path) -> Workflow:
    """That run once more, to be changed."""
    shutil.copytree(done.folder, tmp_path, dirs_exist_ok=True)
    return Workflow(tmp_path)


def code_anew(workflow: Workflow, person: str) -> None:
    """Other codes of one AU of a person, in all frames."""
    path = workflow.folder / f"mine/{person}_1.csv"
    codes = pd.read_csv(path, dtype="Int64")
    codes["AU12"] = 5 - codes["AU12"]
    codes.to_csv(path, index=False)


def test_an_au_without_a_place_ends_at_once_and_says_how_to_give_it_one(lab):
    run = lab.run("--dry-run", "all", config="without_centre.yaml")
    assert run.returncode == 1
    (message,) = [line for line in (run.stdout + run.stderr).splitlines() if "AU07" in line]
    for words in (
        "datasets.mine: ",
        "no location for AU07 (Lid tightener)",
        "au_centres of the configuration",
    ):
        assert words in message
    where = re.search(r"docs/own-data\.md, “(.+)”", message)[1]
    assert f"\n## {where}\n" in (ROOT / "docs/own-data.md").read_text()


def test_the_configuration_of_init_is_ready_to_run(lab):
    planned = lab.planned("all", config="mine/config.yaml")
    assert planned["train"] == 4
    assert "figure6" not in planned


def test_the_check_finds_the_broken_video_alone(lab):
    findings = check(get_layout("table"), lab.folder / "mine", jobs=1, centres="7: 37+41 44+46")
    assert [(finding.code, finding.sequence) for finding in findings] == [("video-unreadable", BROKEN)]


def test_own_videos_come_to_table_1(done):
    table = pd.read_csv(done.folder / "results/table1.csv", dtype={"au": str})
    assert set(table["source"]) == {"measured"}  # nothing published beside one's own data
    assert set(table["dataset"]) == {"mine"}
    assert set(table["method"]) == {"Best constant", "Landmarks ridge", "Baseline", "G2RL"}
    assert set(table["au"]) == {"6", "7", "12", "25", "avg"}
    figures = {path.stem for path in (done.folder / "results/figures").glob("*.png")}
    assert figures == {"figure1", "figure2", "figure3", "figure4", "figure5"}  # no sweep was asked for


def test_every_frame_is_counted_and_a_sequence_without_one_stops_no_other(done):
    sequences = {f"{person}_1" for person in PEOPLE}
    counts = check_every_frame_is_counted(done, "mine", sequences)
    assert (counts["coded"] == FRAMES).all()
    assert counts["used"].min() == counts["used"][BROKEN] == 0
    assert counts["missing"][BROKEN] == FRAMES
    assert (counts["used"].drop(BROKEN) > 0).all()
    check = pd.read_csv(done.folder / "results/mine/check.csv")
    errors = check[check["severity"] == "error"]
    assert list(errors["sequence"]) == [BROKEN]
    assert (
        "the sequence has no frame" in (done.folder / f"results/logs/mine/landmarks/{BROKEN}.log").read_text()
    )


def test_a_sequence_coded_anew_is_checked_and_made_anew_in_one_run(copy):
    """What follows the check of a copy is planned again once the check is done; a missing training waits for
    that, else it would start at once on the earlier codes."""
    assert "Nothing to be done" in copy.run("all").stderr
    shards = copy.folder / "results/mine/cache"
    before = {shard.name: shard.read_bytes() for shard in shards.iterdir()}
    missing, other = (
        copy.folder / f"results/mine/{run}/fold2/model.safetensors"
        for run in ("baseline_sigma2_seed0", "g2rl_sigma2_lambda0.05_seed0")
    )
    models = missing.read_bytes(), other.read_bytes()
    missing.unlink()
    code_anew(copy, "anna")  # of fold 1, on which fold 2 is trained
    run = copy.run("all")
    assert run.returncode == 0, run.stdout + run.stderr
    after = {shard.name: shard.read_bytes() for shard in shards.iterdir()}
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == {"anna_1.h5"}
    assert run.stderr.index(" train: ") > run.stderr.index(" replan: ")
    assert missing.read_bytes() != models[0]
    assert other.read_bytes() != models[1]
    assert "Nothing to be done" in copy.run("all").stderr


def test_a_sheet_with_other_folds_is_checked_and_trained_anew_in_one_run(copy):
    sheet = copy.folder / "mine/sequences.tsv"
    rows = pd.read_csv(sheet, sep="\t")
    rows["fold"] = rows["fold"].mask(rows["subject"] == "berta", 2).mask(rows["subject"] == "carl", 1)
    rows.to_csv(sheet, sep="\t", index=False)
    run = copy.run("all")
    assert run.returncode == 0, run.stdout + run.stderr
    predictions = pd.read_csv(copy.folder / "results/mine/constant/fold2/predictions.csv")
    assert "berta" in set(predictions["subject"])
    assert "Nothing to be done" in copy.run("all").stderr


def test_a_copy_that_became_faulty_stops_before_anything_is_made_of_it(copy):
    copy.configure(copy.config | {"datasets": {"mine": {"layout": "table", "root": "mine"}}})
    shards = copy.folder / "results/mine/cache"
    before = {shard.name: shard.stat().st_mtime_ns for shard in shards.iterdir()}
    sheet = copy.folder / "mine/sequences.tsv"
    sheet.write_text(re.sub("fritz_1.*\n", "", sheet.read_text()))
    (copy.folder / "mine/anna_1.csv").write_text("frame,AU06,AU07,AU12,AU25\n1,9,0,0,0\n")
    run = copy.run("all")
    assert run.returncode == 1
    assert "anna_1.csv" in run.stdout + run.stderr
    assert {shard.name: shard.stat().st_mtime_ns for shard in shards.iterdir()} == before
