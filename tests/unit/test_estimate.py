"""What a rebuild takes, told beforehand: counted from the files, exact where it can be."""

from dataclasses import replace
from pathlib import Path

import pytest

from g2rl.config import load
from g2rl.errors import InputError
from g2rl.workflow.estimate import (
    count_frames,
    estimate,
    format_estimate,
    model_bytes,
    nearest_existing,
    training_pixels,
)
from g2rl.workflow.manifest import load_manifests
from g2rl.workflow.resources import (
    ACTIVATION_BYTES,
    FACE_BYTES,
    GPU,
    image_free_need,
    network_need,
    read_rates,
    sequence_need,
)
from tests.data.make_trees import FAULTS, make_bp4d, make_disfa

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """The paper's settings on two short datasets."""
    folder = tmp_path_factory.mktemp("trees")
    make_bp4d(folder / "BP4D", ["F009_T8", "F002_T8"])
    make_disfa(folder / "DISFA", ["SN001", "SN002", "SN010"])
    bp4d = "sequence\tsubject\tfold\nF009_T8\tF009\t0\nF002_T8\tF002\t1\n"
    (folder / "bp4d.tsv").write_text(bp4d)
    rows = "".join(f"{name}\t{name}\t{fold}\n" for fold, name in enumerate(["SN001", "SN002", "SN010"], 1))
    (folder / "disfa.tsv").write_text(f"sequence\tsubject\tfold\n{rows}")
    values = load.load(ROOT / "config/paper.yaml").model_dump(by_alias=True)
    for name in ("bp4d", "disfa"):
        values["datasets"][name] |= {"root": str(folder / name.upper()), "sheet": str(folder / f"{name}.tsv")}
    parsed = load.parse(values, "paper.yaml")
    return parsed, count_frames(parsed, load_manifests(parsed))


def test_work_is_counted_from_the_files(paper):
    parsed, data = paper
    ranges = {name: plan.plan.layout.published(Path()) for name, plan in data.items()}
    train, test = (last - first + 1 for first, last in (ranges["bp4d"][n] for n in ("F009_T8", "F002_T8")))
    assert data["bp4d"].coded == {"F009_T8": train, "F002_T8": test}
    stages = {stage.name: stage for stage in estimate(parsed, data, cores=2, gpu=False, size=1000)}
    disfa = 4845 + 4845 + 4844
    folders = sum(len(list(Path(data["bp4d"].plan.media(name)).iterdir())) for name in data["bp4d"].coded)
    assert stages["landmarks"].count == folders + disfa > train + test + disfa
    assert stages["align"].count == train + test + disfa
    assert (stages["train"].jobs, stages["train"].count) == (10 * 4, 10 * 10 * (train + 2 * disfa))
    assert (stages["test"].jobs, stages["test"].count) == (10 * 4, 10 * (test + disfa))
    assert stages["train"].bytes == 40 * 1000


def test_hours_follow_from_the_rates(paper):
    parsed, data = paper
    rates, size = read_rates(), 1000
    two = {stage.name: stage for stage in estimate(parsed, data, 2, False, size)}
    four = {stage.name: stage for stage in estimate(parsed, data, 4, False, size)}
    assert four["landmarks"].hours == pytest.approx(two["landmarks"].hours / 2)
    train = two["train"]
    start = train.gpu_hours - train.count / rates["train", "resnet50.tv_in1k 256", GPU] / 3600
    assert 0 < start * 3600 / train.jobs < 60
    assert train.hours > 100 * train.gpu_hours
    assert {stage.name: stage for stage in estimate(parsed, data, 2, True, size)}["train"].hours == (
        train.gpu_hours
    )


def test_model_size_is_the_paper_networks(paper):
    parsed, data = paper
    # 34.0 M parameters with 12 maps; DISFA has 24. Batch statistics are in the file, too.
    assert model_bytes(parsed, data) == pytest.approx(34.05e6 * 4, rel=0.003)


def test_unmeasured_backbone_has_no_hours(paper):
    parsed, data = paper
    other = parsed.model_copy(update={"training": replace(parsed.training, backbone="other")})
    stages = estimate(other, data, 2, False, 1000)
    assert [stage.hours is None for stage in stages] == [False, False, True, True]
    assert " – " in format_estimate(stages, data, 2, False, 10**12, 0)


def test_jobs_of_an_unmeasured_backbone_ask_for_the_time_of_its_operations(paper):
    """ResNet-18 has 0.44 of ResNet-50's (torchvision: 1.81 and 4.09 GFLOPs), and gets as much of its time."""
    parsed, data = paper
    plan = data["disfa"].plan
    minutes = {}
    for name in ("resnet50.tv_in1k", "resnet18.tv_in1k", "vit_small_patch16_224"):
        stride = 16 if name.startswith("vit") else 32
        training = replace(parsed.training, backbone=name, stride=stride, channels=(256, 256), epochs=1000)
        minutes[name] = network_need(
            "train", parsed.model_copy(update={"training": training}), plan, 1
        ).minutes
    ratio = (minutes["resnet18.tv_in1k"] - 10) / (minutes["resnet50.tv_in1k"] - 10)
    assert ratio == pytest.approx(1.81 / 4.09, abs=0.03)
    vit = minutes["vit_small_patch16_224"] / minutes["resnet50.tv_in1k"]
    assert vit == pytest.approx(4.6 / 4.09, abs=0.1)  # timm: 4.6 GFLOPs, of all its blocks


def test_pixels_that_a_small_gpu_does_not_hold_are_said(paper):
    parsed, data = paper
    size = training_pixels(parsed, data)
    assert size == 2 * 4845 * 256 * 256 * 3  # the largest training: the two longest of DISFA's sequences
    stages = estimate(parsed, data, 2, False, 1000)
    text = format_estimate(stages, data, 2, False, 10**12, size)
    assert "largest training has 1.9 GB of pixels" in text
    every = parsed.model_copy(update={"frames": parsed.frames.model_copy(update={"every": 4})})
    thinned = count_frames(every, {name: one.plan for name, one in data.items()})
    assert thinned["disfa"].coded == {"SN001": 1212, "SN002": 1212, "SN010": 1211}
    assert thinned["disfa"].frames == data["disfa"].frames


def test_too_small_a_disk_is_said(paper):
    parsed, data = paper
    stages = estimate(parsed, data, 2, False, 10**8)
    assert "NOT ENOUGH" not in format_estimate(stages, data, 2, False, 10**12, 0)
    assert "NOT ENOUGH: 4." in format_estimate(stages, data, 2, False, 10**9, 0)


def test_a_sequence_that_a_fault_stops_counts_where_faults_are_allowed(tmp_path):
    make_disfa(tmp_path / "DISFA", ["SN001", "SN002", "SN003"])
    rows = "".join(f"{name}\t{name}\t{fold}\n" for fold, name in enumerate(["SN001", "SN002", "SN003"], 1))
    (tmp_path / "sheet.tsv").write_text(f"sequence\tsubject\tfold\n{rows}")
    FAULTS["video_empty"].plant(tmp_path / "DISFA", "SN001")
    dataset = {"layout": "disfa", "root": str(tmp_path / "DISFA"), "sheet": str(tmp_path / "sheet.tsv")}
    strict = load.parse({"datasets": {"disfa": dataset}}, "my.yaml")
    with pytest.raises(InputError, match="SN001_comp"):
        count_frames(strict, load_manifests(strict))
    lax = load.parse({"datasets": {"disfa": dataset | {"allow_faults": True}}}, "my.yaml")
    data = count_frames(lax, load_manifests(lax))["disfa"]
    assert (data.frames, data.coded) == (2 * 4845, {"SN001": 0, "SN002": 4845, "SN003": 4845})


@pytest.fixture(scope="module")
def plans(paper):
    parsed, data = paper
    return parsed, {name: one.plan for name, one in data.items()}


def test_lengths_are_the_published_ones_without_reading_codes(plans):
    _, plans = plans
    assert plans["disfa"].lengths == {"SN001": 4845, "SN002": 4845, "SN010": 4844}


def test_lengths_of_a_table_are_never_too_small(tmp_path):
    rows = ["sequence\tsubject\tfold\tmedia\tcodes"]
    for number, frames in ((1, 1), (2, 9), (3, 200)):
        codes = "".join(f"{frame},0,\n" for frame in range(frames))
        (tmp_path / f"{number}.csv").write_text(f"frame,AU06,AU12\n{codes}")
        (tmp_path / f"{number}.mp4").touch()
        rows.append(f"S{number}\tP{number}\t{number}\t{number}.mp4\t{number}.csv")
    (tmp_path / "sequences.tsv").write_text("\n".join(rows) + "\n")
    values = {"datasets": {"mine": {"layout": "table", "root": str(tmp_path)}}}
    lengths = load_manifests(load.parse(values, "test"))["mine"].lengths
    assert lengths["S1"] >= 1
    assert lengths["S2"] >= 9
    assert 200 <= lengths["S3"] < 3 * 200


def test_the_disk_is_that_of_the_results_though_there_are_none_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert nearest_existing(Path("results/of/mine")) == tmp_path.resolve()
    (tmp_path / "other").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "other")
    assert nearest_existing(Path("results")) == (tmp_path / "other").resolve()


def test_memory_follows_frames_and_image_size(plans):
    """The faces of two sequences twice, the pixels of one; without a GPU those of both, and a batch's."""
    parsed, plans = plans
    gpu = parsed.model_copy(update={"compute": parsed.compute.model_copy(update={"gpu": True})})
    cpu = parsed.model_copy(update={"compute": parsed.compute.model_copy(update={"gpu": False})})
    faces, pixels = 2 * 4845, 256 * 256 * 3 / 1e6
    batch = 16 * 256 * 256 * ACTIVATION_BYTES / 1e6
    for device, resident, kept in ((gpu, 4845, 0), (cpu, 4845 + faces, batch)):
        need = network_need("train", device, plans["disfa"], 3)
        assert need.megabytes == pytest.approx(
            4000 + 2 * faces * (FACE_BYTES + 544) / 1e6 + resident * pixels + kept, abs=1
        )
    small = cpu.model_copy(update={"training": replace(cpu.training, image_size=64)})
    assert network_need("train", small, plans["disfa"], 3).megabytes < need.megabytes - 2500
    assert network_need("test", gpu, plans["disfa"], 3).megabytes < need.megabytes
    assert image_free_need(plans["disfa"]).megabytes > 700 + 14534 * FACE_BYTES / 1e6
    assert sequence_need("align", plans["disfa"], "SN001").megabytes > 600 + 4845 * FACE_BYTES / 1e6


def test_time_follows_frames_and_epochs(plans):
    parsed, plans = plans
    gpu = parsed.model_copy(update={"compute": parsed.compute.model_copy(update={"gpu": True})})
    seconds = 10 * 2 * 4845 / read_rates()["train", "resnet50.tv_in1k 256", GPU]
    need = network_need("train", gpu, plans["disfa"], 3)
    assert need.minutes == pytest.approx(10 + 10 * seconds / 60, abs=1)
    twice = gpu.model_copy(update={"training": replace(gpu.training, epochs=20)})
    more = network_need("train", twice, plans["disfa"], 3).minutes - need.minutes
    assert more == pytest.approx(need.minutes - 10, abs=1)
    unknown = gpu.model_copy(update={"training": replace(gpu.training, backbone="vit")})
    assert network_need("train", unknown, plans["disfa"], 3).minutes == 610
