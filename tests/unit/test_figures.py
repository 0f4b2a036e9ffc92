"""The figures: same bytes twice, the CSV is what is drawn, the choice of frames never sees a prediction."""

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
import skimage.data

from g2rl.action_units import au_centres
from g2rl.config.au_centres import centre_sets
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.evaluation.example_faces import FacePanel, choose_frames
from g2rl.evaluation.example_sequence import choose_sequence, series_of
from g2rl.evaluation.metrics import write_metrics
from g2rl.faces.alignment import TEMPLATE
from g2rl.faces.sequence_file import write_sequence
from g2rl.inference.predictions import read_predictions, write_predictions
from g2rl.network import controls
from g2rl.network.shapes import trace_layers
from g2rl.network.variants import build_model
from g2rl.paths import Run
from g2rl.report.figures.au_locations import figure2
from g2rl.report.figures.calibration import calibration, figure_calibration
from g2rl.report.figures.framework import figure3
from g2rl.report.figures.heatmaps import figure4
from g2rl.report.figures.labelled_faces import figure1, first_subjects
from g2rl.report.figures.sweep import figure_sweep, matched_sweep, sweep_from_files, tick_label
from g2rl.report.figures.timeseries import figure5
from tests.factories import make_sequence
from tests.tables import BP4D, DISFA, make_metrics, make_predictions

NETWORK = Settings(backbone="test_resnet.r160_in1k", image_size=64, channels=(16, 8, 4))  # maps of 16×16


def make_faces(dataset, aus, count):
    """A photograph as the aligned face, one or two Gaussian points an AU on 64×64 maps."""
    rng = np.random.default_rng(0)
    photo = cv2.resize(skimage.data.astronaut()[40:230, 130:320], (256, 256), interpolation=cv2.INTER_CUBIC)
    point_au = np.sort(np.r_[np.arange(len(aus)), np.arange(1, len(aus))])
    true = rng.integers(0, 6, (count, len(aus))).astype(float)
    true[0, 1] = np.nan
    pred = (np.nan_to_num(true) + rng.normal(0, 0.7, true.shape)).clip(0, 5)
    centres = rng.integers(16, 50, (count, len(point_au), 2))
    y, x = np.mgrid[:64, :64]
    gauss = np.exp(-((x - centres[..., :1, None]) ** 2 + (y - centres[..., 1:, None]) ** 2) / (2 * 2**2))
    names = [f"F{i:03d}" for i in range(2, 2 + count)]
    return FacePanel(
        dataset,
        aus,
        point_au,
        np.stack([photo] * count),
        gauss * pred[:, point_au, None, None],
        (centres + 0.5) * 4 - 0.5,
        true,
        pred,
        names,
        [f"{name}_T1" for name in names],
        list(range(7, 7 + count)),
    ), centres


def make_sequences():
    """Test predictions of a few sequences of smooth intensities, with a gap in the frames."""
    rng = np.random.default_rng(1)
    parts = []
    for name in ("SN001", "SN002", "SN003"):
        frame = np.r_[np.arange(1, 41), np.arange(46, 101)]
        part = pd.DataFrame({"subject": name, "sequence": name, "frame": frame})
        for k, au in enumerate(("AU04", "AU12", "AU25")):
            wave = np.sin(frame / (9 + 3 * k) + rng.uniform(0, 6)) * (1 + k + (name == "SN002")) + 1
            part[f"{au}_true"] = wave.round().clip(0, 5)
            part[f"{au}_pred"] = (0.8 * wave + 0.3 + rng.normal(0, 0.25, len(frame))).clip(0, 5)
        part.loc[20:23, "AU25_true"] = np.nan
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def make_sweep(folder, parameter, values, seeds=(0,)):
    """The ``metrics.csv`` of a run for each value and seed, on two datasets."""
    paths = []
    for dataset, aus, level in (("synthetic_bp4d", BP4D, 0.64), ("synthetic_disfa", DISFA, 0.58)):
        for i, value in enumerate(values):
            icc = level - 0.02 * (i - 1) ** 2 + np.zeros(len(aus) + 1)
            for seed in seeds:
                run = Run(value, 0.05, seed) if parameter == "sigma" else Run(2, value, seed)
                paths.append(folder / dataset / run.name / "metrics.csv")
                write_metrics(paths[-1], make_metrics(aus, icc + seed, 1.1 - icc))
    return paths


def draw_sweep(stem, parameter, values):
    data = sweep_from_files(make_sweep(stem.parents[1] / "metrics", parameter, values), parameter)
    figure_sweep(data, stem)
    return data


def draw_series(stem):
    data = series_of({"Baseline": make_sequences(), "G2RL": make_sequences()}, "synthetic_disfa")
    figure5(data, stem)
    return data


def write_runs(folder):
    """The predictions of two folds of three methods, one with two seeds."""
    paths = []
    for k, run in enumerate(("constant", "baseline_sigma2_seed0", "baseline_sigma2_seed1", "vector_seed0")):
        for fold, subject in enumerate(("F001", "F002"), start=1):
            table = make_predictions([subject], seed=10 * k + fold)
            paths.append(folder / f"synthetic_bp4d/{run}/fold{fold}/predictions.csv")
            write_predictions(paths[-1], table.assign(AU01_pred=1.0) if run == "constant" else table)
    return paths


def draw_calibration(stem):
    data = calibration(write_runs(stem.parents[1] / "runs"))
    figure_calibration(data, stem)
    return data


DRAWINGS = {
    "calibration": draw_calibration,
    "figure1": lambda stem: figure1("synthetic_bp4d", [make_sequence("F001", aus=BP4D)], stem),
    "figure2": lambda stem: figure2(make_faces("bp4d", BP4D, 1)[0].faces[0], TEMPLATE, centre_sets(), stem),
    "figure3": lambda stem: figure3(trace_layers(NETWORK, 10), 5, stem),
    "figure4": lambda stem: figure4(
        [make_faces("synthetic_bp4d", BP4D, 1)[0], make_faces("synthetic_disfa", DISFA, 1)[0]], stem
    ),
    "figure5": draw_series,
    "figure6": lambda stem: draw_sweep(stem, "sigma", (1, 2, 4)),
    "figure7": lambda stem: draw_sweep(stem, "lambda", (0, 0.005, 0.05, 0.5)),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_same_input_same_bytes_and_the_csv_is_what_is_drawn(tmp_path, name):
    data = DRAWINGS[name](tmp_path / "first" / name)
    DRAWINGS[name](tmp_path / "second" / name)
    for suffix in (".png", ".pdf", ".csv"):
        first, second = ((tmp_path / run / f"{name}{suffix}").read_bytes() for run in ("first", "second"))
        assert first == second
        assert b"Matplotlib version" not in first
        assert b"CreationDate" not in first
    back = pd.read_csv(tmp_path / "first" / f"{name}.csv")
    assert list(back) == list(data)
    data = data.astype({"true": float}) if "true" in data else data  # whole or missing → as read back
    pd.testing.assert_frame_equal(back, data, check_dtype=False, rtol=1e-5)
    assert len(list((tmp_path / "first").iterdir())) == 3  # no temporary file is left
    image = cv2.imread(str(tmp_path / "first" / f"{name}.png"))
    width = image.shape[1] / 300
    assert width == pytest.approx(3.33 if name == "figure5" else 7.0, abs=0.01)
    assert image.shape[0] / 300 < 9  # fits on a page
    for edge in (image[0], image[-1], image[:, 0], image[:, -1]):  # nothing is cut off
        assert (edge == 255).all()


def test_the_pdf_embeds_truetype_fonts(tmp_path):
    draw_sweep(tmp_path / "figures" / "figure6", "sigma", (1, 2, 4))
    pdf = (tmp_path / "figures" / "figure6.pdf").read_bytes()
    assert b"/Type3" not in pdf
    assert b"STIX" in pdf


def test_calibration_is_of_the_coded_frames_of_each_intensity(tmp_path):
    """Against a loop over the files' rows: both ways, AU by AU and together, folds and seeds pooled."""
    paths = write_runs(tmp_path)
    found = calibration(paths).set_index(["method", "au", "given", "intensity"])
    assert list(dict.fromkeys(found.index.get_level_values("method"))) == [
        "Best constant",
        "Baseline",
        "Vector regression",
    ]
    pairs = {("AU06", given): [[] for _ in range(6)] for given in (0, 1)}
    pairs |= {("all", given): [[] for _ in range(6)] for given in (0, 1)}
    for path in paths[2:6]:
        for _, row in read_predictions(path).iterrows():
            for au in ("AU01", "AU06", "AU12"):
                pair = row[f"{au}_true"], row[f"{au}_pred"]
                for key in ("AU06", "all"):
                    for given in (0, 1) if pair[0] == pair[0] and key in (au, "all") else ():
                        pairs[key, given][round(pair[given])].append(pair)
    checked = 0
    for (au, given), bins in pairs.items():
        for intensity, bin_ in enumerate(bins):
            if bin_:
                values = np.array(bin_)
                expected = [len(values), *values.mean(0), np.abs(np.subtract(*values.T)).mean()]
                row = found.loc["Baseline", au, ("true", "predicted")[given], intensity]
                np.testing.assert_allclose(
                    row[["frames", "true", "predicted", "mae"]].astype(float), expected
                )
                checked += 1
    assert checked > 20
    with pytest.raises(InputError, match="AU 'AU99': none of AU01, AU06, AU12, all"):
        figure_calibration(found.reset_index(), tmp_path / "figure", "AU99")


def test_figure2_lists_each_point_of_each_set(tmp_path):
    data = figure2(np.full((256, 256, 3), 128, np.uint8), TEMPLATE, centre_sets(), tmp_path / "figure2")
    assert set(data["centres"]) == set(centre_sets())
    for (name, au), rows in data.groupby(["centres", "au"]):
        np.testing.assert_array_equal(
            rows[["x", "y"]], au_centres(TEMPLATE, [int(au[2:])], centre_sets()[name])
        )
    assert len(data) == sum(len(points) for known in centre_sets().values() for points in known.values())


def test_figure1_takes_one_sequence_with_faces_of_each_subject(tmp_path):
    files = []
    for number, subject in enumerate(("F001", "F001", "F002", "F003", "F004", "F005")):
        sequence = make_sequence(subject, 0 if subject == "F002" else 1, BP4D)
        files.append(tmp_path / f"{number}.h5")
        write_sequence(files[-1], sequence)
    found = first_subjects(files)
    assert [sequence.subject for sequence in found] == ["F001", "F003", "F004"]
    with pytest.raises(InputError, match="no face"):
        first_subjects(files[2:3])


def test_figure3_has_the_shapes_and_the_weights_of_the_whole_network():
    layers = {(one.part, one.name): one for one in trace_layers(NETWORK, 10)}
    assert layers["net", "head"].shape == (10, 16, 16)
    assert layers["net", "deconv.6"].shape == (4, 16, 16)
    assert layers["geometry", "A"].shape == (68, 68)
    assert layers["geometry", "F"].shape == (3 * 64, 68)
    assert layers["geometry", "fc.4"].shape == layers["projection", "fc"].shape == (256,)
    model = build_model(NETWORK, 10)
    for part in ("net", "geometry", "projection"):
        counted = sum(one.parameters for (where, _), one in layers.items() if where == part)
        assert counted == sum(weights.numel() for weights in getattr(model, part).parameters())


@pytest.mark.parametrize(
    ("geometry", "projection"), [*((name, "factorised") for name in controls.TARGETS), ("zero", "none")]
)
def test_figure3_draws_what_stands_in_the_place_of_the_graph_network(tmp_path, geometry, projection):
    layers = trace_layers(replace(NETWORK, geometry=geometry, projection=projection), 10)
    data = figure3(layers, 5, tmp_path / "figure3").set_index(["part", "name"])
    if geometry in ("trained", "frozen"):
        assert "fc.4" in data.loc["geometry"].index
    else:
        shown = data.loc["geometry", "shape"].to_dict()
        numbers = {"zero": {}, "constant": {}, "intensities": {"I": "10"}}[geometry]
        assert shown == numbers | {"G": "1" if geometry == "zero" else "256"}


def test_figure4_lists_each_point(tmp_path):
    faces, centres = make_faces("bp4d", BP4D, 2)
    data = figure4([faces], tmp_path / "figure4").set_index(["subject", "point"])
    for row, subject in enumerate(faces.subject):
        for point, k in enumerate(faces.point_au):
            found = data.loc[(subject, point)]
            assert found["au"] == f"AU{BP4D[k]:02d}"
            assert found["peak"] == pytest.approx(faces.pred[row, k])
            if faces.pred[row, k] > 0:
                np.testing.assert_allclose([found["x"], found["y"]], (centres[row, point] + 0.5) * 4 - 0.5)
    assert data.loc["F002", "true"].isna().sum() == 2  # the AU that is not coded has two points


def test_figure5_shows_the_chosen_sequence_whole():
    table = make_sequences()
    data = series_of({"G2RL": table}, "disfa")
    assert set(data["sequence"]) == {"SN002"}
    assert list(dict.fromkeys(data["au"])) == ["AU12", "AU25"]
    one = table[table["sequence"] == "SN002"]
    for au in ("AU12", "AU25"):
        for series, column in (("true", f"{au}_true"), ("G2RL", f"{au}_pred")):
            drawn = data[(data["au"] == au) & (data["series"] == series)]
            np.testing.assert_array_equal(drawn["intensity"], one[column])
            np.testing.assert_array_equal(drawn["frame"], one["frame"])


def test_figure5_of_several_subjects_takes_the_sequence_of_each_that_varies_most(tmp_path):
    table = make_sequences()
    table.loc[table["sequence"] == "SN003", "subject"] = "SN001"
    spread = table.groupby("sequence")[["AU12_true", "AU25_true"]].std().sum(axis=1)
    data = series_of({"G2RL": table}, "disfa", subjects=9)
    assert list(dict.fromkeys(data["sequence"])) == ["SN002", max(["SN001", "SN003"], key=spread.get)]
    assert len(data) == 2 * 2 * 2 * 95  # sequences, AUs, series, frames
    figure5(data, tmp_path / "figure5")
    assert cv2.imread(str(tmp_path / "figure5.png")).shape[1] == 2100


def test_choices_do_not_see_predictions():
    table = make_sequences()
    other = table.copy()
    for column in other.filter(like="_pred"):
        other[column] = np.random.default_rng(9).uniform(0, 5, len(other))
    shuffled = other.sample(frac=1, random_state=0)
    assert choose_sequence(table) == choose_sequence(shuffled) == ("SN002", ["AU12", "AU25"])
    pd.testing.assert_frame_equal(choose_frames(table, 2), choose_frames(shuffled, 2))


def test_choose_sequence_among_the_aus_asked_for(caplog):
    table = make_predictions(list("abc"), aus=("AU01", "AU02", "AU12"))
    table["AU12_true"] = np.arange(len(table)) % 2 * 5
    assert "AU12" in choose_sequence(table)[1]
    assert choose_sequence(table, ["AU01", "AU02"])[1] == ["AU01", "AU02"]
    assert choose_sequence(table, ["AU01", "AU99"]) == choose_sequence(table)
    assert "fewer than two are coded" in caplog.text


def test_ticks_are_written_as_in_the_paper():
    written = {0.4472: r"$\sqrt{0.2}$", 2.236: r"$\sqrt{5}$", 1: "1", 2: "2", 1.5: "1.5", 0.005: "0.005"}
    assert {value: tick_label(value) for value in written} == written


def test_choose_frames_takes_each_subjects_strongest():
    table = make_predictions(list("abcde"), 20)
    chosen = choose_frames(table, 3)
    assert chosen["subject"].tolist() == ["a", "c", "e"]
    total = table.filter(like="_true").sum(axis=1)
    for _, row in chosen.iterrows():
        of_subject = table["subject"] == row["subject"]
        at = of_subject & (table["frame"] == row["frame"])
        assert total[at].item() == total[of_subject].max()
    assert len(choose_frames(table, 9)) == 5


def test_choose_sequence_needs_two_coded_aus():
    table = make_predictions(["a"], aus=("AU06", "AU12"))
    table["AU06_true"] = np.nan
    with pytest.raises(InputError, match="two AUs"):
        choose_sequence(table)
    with pytest.raises(InputError, match="two AUs"):
        choose_sequence(make_predictions(["a"], aus=("AU06",)))


def test_figure_6_with_matched_lambda_has_two_curves(tmp_path):
    """Those of λ = 0.05 are on the first, the others on the second, which shares what it lacks."""
    fixed = make_sweep(tmp_path, "sigma", (1, 2))
    other = fixed[0].parents[1] / "g2rl_sigma1_lambda0.1739_seed0/metrics.csv"
    other.parent.mkdir()
    other.write_text(fixed[0].read_text())
    data = matched_sweep([*fixed, other], 0.05)
    first = (data["metric"] == "ICC") & (data["dataset"] == "synthetic_bp4d")
    points = data.loc[first, ["curve", "sigma", "lambda"]].to_numpy().tolist()
    assert points == [["fixed", 1, 0.05], ["fixed", 2, 0.05], ["matched", 1, 0.1739], ["matched", 2, 0.05]]
    figure_sweep(data, tmp_path / "figure6")
    assert pd.read_csv(tmp_path / "figure6.csv")["curve"].tolist().count("matched") == 6
    assert set(matched_sweep(fixed, 0.05)["curve"]) == {"fixed"}


def test_sweeps_hold_the_pooled_average(tmp_path):
    data = sweep_from_files(make_sweep(tmp_path, "lambda", (0.5, 0, 0.05)), "lambda")
    row = data[(data["dataset"] == "synthetic_bp4d") & (data["metric"] == "ICC")]
    assert list(row["lambda"]) == [0, 0.05, 0.5]
    np.testing.assert_allclose(row["value"], [0.64, 0.62, 0.62])  # the order they were given in: .62 .64 .62
    data = sweep_from_files(make_sweep(tmp_path, "sigma", (1, 2), seeds=(0, 1)), "sigma")
    assert data["seeds"].unique() == 2
    assert data["value"][0] == pytest.approx(0.62 + 0.5)  # the mean over the seeds
    with pytest.raises(InputError, match="a value of sigma twice"):
        sweep_from_files(make_sweep(tmp_path, "sigma", (1, 2, 2)), "sigma")
