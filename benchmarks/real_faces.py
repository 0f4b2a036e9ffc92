"""How good the package's own model is: on held-out rendered people by group, and beside another tool on real clips.

    python benchmarks/real_faces.py results_real_faces docs/evidence/real_faces
    python benchmarks/real_faces.py results_real_faces OUT --model results_real_faces/…/model.safetensors --clips CLIPS --neutral 20%

CLIPS holds a folder per clip, with a video and ``au.csv``, what OpenFace wrote of it; the clips are not part of the
project. Writes OUT.people.csv (ICC and MAE of all AUs over groups of the held-out people of each rendered dataset)
and OUT.clips.csv (correlation over frames per clip and AU, of AU12 and AU25 also that of both tools with a distance
between MediaPipe's landmarks, from which neither has the intensity).
"""  # noqa: E501

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.evaluation.metrics import frame_sums, measures
from g2rl.inference.face_network import OWN_MODEL, SMOOTH
from g2rl.io.tables import write_csv

DATASETS = ("synthetic_people", "synthetic_varied_people")
GROUPS: dict[str, tuple[str, tuple[float, ...], tuple[str, ...]]] = {  # column of the truth, bounds, names
    "head turned": ("turn", (15, 30), ("< 15°", "15–30°", "> 30°")),
    "sex": ("female", (0.5,), ("male", "female")),
    "age": ("old", (0.25, 0.5), ("young", "middle", "old")),
    "skin": ("tone", (1, 2.2), ("light", "medium", "dark")),
    "light": ("ambient", (0.35,), ("hard", "soft")),
    "covered": ("covered", (0.001, 0.05), ("nothing", "a little", "much")),
    "image": ("sharpness", (0.7,), ("few pixels", "sharp")),
}
# Landmarks between which AUs change the distance: corners of the mouth, inner lips.
DISTANCES = {"AU12": ([48], [54]), "AU25": ([61, 62, 63], [67, 66, 65])}


def people(results: Path, dataset: str, model: Path) -> pd.DataFrame:
    """ICC, MAE and how many images, of all held-out people of a rendered dataset and of groups of them.

    Args:
        results: holds ``dataset``, aligned, and its truth.
        model: is tested on the sequences of fold 1.
    """
    with tempfile.TemporaryDirectory() as folder:
        held_out = Path(folder) / "predictions.csv"
        sequences = results / dataset / "fold1.tsv"
        subprocess.run(["g2rl", "test", model, "--sequences", sequences, "-o", held_out], check=True)
        predictions = pd.read_csv(held_out)
    truth = []
    for sequence in predictions["sequence"].unique():
        with np.load(results / "raw" / dataset / "truth" / f"{sequence}.npz") as known:
            columns = {name: known[name] for name in known.files if known[name].ndim == 1}
        truth.append(pd.DataFrame(columns).assign(sequence=sequence))
    table = predictions.merge(pd.concat(truth), how="left", on=["sequence", "frame"], validate="one_to_one")
    if lost := table.loc[table["yaw"].isna(), "sequence"].unique().tolist():
        raise SystemExit(f"{results / 'raw' / dataset / 'truth'}: frames of {lost} are missing: render again")
    table["turn"] = np.hypot(table["yaw"], table["pitch"])
    names = predictions.columns
    rows = [(dataset, "all", "", *_scores(table[names]))]
    for group, (column, bounds, labels) in GROUPS.items():
        where = np.digitize(table[column], bounds)
        rows += [
            (dataset, group, label, *_scores(table.loc[where == k, names])) for k, label in enumerate(labels)
        ]
    return pd.DataFrame(rows, columns=["dataset", "group", "part", "images", "ICC", "MAE"])


def _scores(predictions: pd.DataFrame) -> tuple[int, float, float]:
    true, predicted = (predictions.filter(regex=end).to_numpy(float) for end in ("_true$", "_pred$"))
    found = measures(frame_sums(true, predicted).sum(1))
    return len(predictions), float(np.nanmean(found["ICC"])), float(np.nanmean(found["MAE"]))


def clips(folder: Path, options: list[str]) -> pd.DataFrame:
    """Per clip and AU: correlation with the reference over frames, NaN where that hardly varies; of
    the frames in which the reference has the AU below 0.5 the share where the model has it so too; and the
    correlations of the model and of the reference with the AU's distance (`DISTANCES`).

    Args:
        options: further ones of ``g2rl predict``.
    """
    rows = []
    for reference_file in sorted(folder.glob("*/au.csv")):
        video = next(reference_file.parent.glob("video.*"))
        reference = pd.read_csv(reference_file, skipinitialspace=True)
        found = _predict(video, options)
        aus = [name for name in found.columns if name.startswith("AU")]
        n = min(len(reference), len(found))
        use = (reference["success"][:n] == 1) & found[aus[0]][:n].notna()
        for au in aus:
            if f"{au}_r" not in reference or use.sum() < 30:
                continue
            theirs, ours = reference[f"{au}_r"][:n][use], found[au][:n][use]
            r, with_distance = np.nan, [np.nan, np.nan]
            if theirs.std() >= 0.2:
                r = np.corrcoef(theirs, ours)[0, 1] if ours.std() else 0.0
                if au in DISTANCES:
                    distance = _distance(found, *DISTANCES[au])[:n][use]
                    with_distance = [np.corrcoef(distance, each)[0, 1] for each in (ours, theirs)]
            calm, clip = ours[theirs < 0.5], reference_file.parent.name
            rows.append((clip, au, r, (calm < 0.5).mean(), len(calm), int(use.sum()), n, *with_distance))
    columns = ["clip", "au", "r", "calm", "calm_frames", "used", "frames"]
    return pd.DataFrame(rows, columns=[*columns, "r_distance", "reference_r_distance"])


def _distance(predicted: pd.DataFrame, first: list[int], second: list[int]) -> pd.Series:
    """Of each frame: the mean distance between landmarks, in those between the outer corners of the eyes."""

    def between(k: int, m: int) -> pd.Series:
        return np.hypot(*(predicted[f"{axis}_{k}"] - predicted[f"{axis}_{m}"] for axis in "xy"))

    return sum(between(k, m) for k, m in zip(first, second, strict=True)) / len(first) / between(36, 45)


def _predict(video: Path, options: list[str]) -> pd.DataFrame:
    """What `g2rl predict` writes of the followed face: one row per frame."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["g2rl", "predict", str(video), "-o", folder, "--csv", "--single", "--landmarks"]
        subprocess.run([*command, *options], check=True)
        return pd.read_csv(Path(folder) / f"{video.stem}.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", type=Path, default=OWN_MODEL, help="default: the package's own")
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--smooth", type=float, default=SMOOTH, help=f"as of g2rl predict, default: {SMOOTH}")
    parser.add_argument("--neutral", help="as of g2rl predict; default: none")
    parser.add_argument(
        "--brows", choices=["on", "off"], default="on", help="as of g2rl predict; default: on"
    )
    options = parser.parse_args()
    table = pd.concat([people(options.results, dataset, options.model) for dataset in DATASETS])
    write_csv(options.out.with_suffix(".people.csv"), table)
    print(table.round(3).to_string(index=False))
    if options.clips:
        asked = {"--smooth": options.smooth, "--neutral": options.neutral, "--model": options.model}
        asked["--brows"] = options.brows
        given = [f"{name}={value}" for name, value in asked.items() if value is not None]
        table = clips(options.clips, given)
        write_csv(options.out.with_suffix(".clips.csv"), table)
        print(table.pivot(index="clip", columns="au", values="r").round(2).to_string())
        by_au = table.groupby("au")[["r", "calm", "r_distance", "reference_r_distance"]].mean()
        print(by_au.round(2).to_string(), by_au.mean().round(3).to_string(), sep="\n")


if __name__ == "__main__":
    main()
