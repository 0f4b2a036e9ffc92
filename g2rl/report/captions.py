"""The caption of Table 1 and its notes: recipe, frames used, whether G or an AU's predictions collapsed."""

from collections.abc import Mapping, Sequence

import pandas as pd

from g2rl.config.balance import effective_lambda, is_as_printed
from g2rl.config.schema import Config
from g2rl.evaluation.collapse import collapse_verdict
from g2rl.evaluation.neutral import NEUTRAL
from g2rl.inference.neutral import PERCENTILE
from g2rl.rendered import is_rendered

WEAK = "(weak)"  # ends the title of a weakly supervised method


def recipe(config: Config, maps: Mapping[str, int] | None = None) -> str:
    """How every network of Table 1 was trained, in a phrase.

    Args:
        maps: of each dataset, its number of heatmaps, for the effective λ where losses are not as printed.
    """
    t, plus = config.training, ""
    if config.plus is not None:
        plus = "; G2RL+ with " + ", ".join(f"{key} {value}" for key, value in config.plus.items())
    start = {"imagenet": "ImageNet", "none": "random"}.get(config.weights, "given")
    extras = ", mirrored faces" * t.flip + f", shifts up to {t.shift:.0%}" * bool(t.shift)
    balance = describe_balance(config, maps or {})
    return (
        f"{t.backbone} from {start} weights, {t.image_size} px, σ = {config.sigma:g}, λ = {config.lambda_:g}"
        f"{balance} (Baseline 0), {t.guidance} guidance, Adam at {t.lr:g} ({t.schedule}), "
        f"epochs: {t.epochs}, batches of {t.batch_size}{extras}, the last epoch's weights; "
        f"the same for every row{plus}"
    )


def describe_balance(config: Config, maps: Mapping[str, int]) -> str:
    """The effective λ of each dataset, a phrase; "" where it is λ itself."""
    if is_as_printed(config.training) or not maps:
        return ""
    weights = {
        name: effective_lambda(config.lambda_, config.sigma, config.training, count)
        for name, count in maps.items()
    }
    parts = [f"{weight:.2g} on {name}" for name, weight in weights.items()]
    return f" (with Eq. 1's heights and sums it would be {', '.join(parts)})"


_COLLAPSED = (
    " A collapsed G is nearly the same for every face, so L_G carries no geometry. It acts on the network "
    "all the same, and which method is ahead does not follow from it."
)


def describe_collapse(histories: Mapping[str, Sequence[pd.DataFrame]]) -> str:
    """Whether the geometry vector G of Eq. 6 is nearly constant across faces (collapsed), a sentence.

    Args:
        histories: of each dataset's G2RL trainings, with columns ``var_G`` and ``norm_G``; their first row is
            before the first step.
    """
    parts = []
    for dataset, tables in histories.items():
        first, last = (sum(table["var_G"].iloc[row] for table in tables) / len(tables) for row in (0, -1))
        share = sum(table["var_G"].iloc[-1] / table["norm_G"].iloc[-1] ** 2 for table in tables) / len(tables)
        parts.append(
            f"{first:.2g} before the first step, {last:.2g} after the last on {dataset} "
            f"({collapse_verdict(first, last, share)})"
        )
    text = f"Variance of the geometry vector G over faces: {'; '.join(parts)}." if parts else ""
    return text + (_COLLAPSED if "(collapsed)" in text else "")


def describe_constant(flat: Mapping[tuple[str, str], Mapping[str, Sequence[str]]]) -> str:
    """Which AUs a method predicts as nearly constant, a sentence.

    Args:
        flat: dataset and method → AU → the folds, and seeds, in which it does.
    """
    parts = [
        f"{au} in {'fold' if len(folds) == 1 else 'folds'} {', '.join(folds)} ({method} on {dataset})"
        for (dataset, method), aus in flat.items()
        for au, folds in aus.items()
    ]
    if not parts:
        return ""
    return f"Predictions (nearly) constant, so that the ICC is about 0: {'; '.join(parts)}."


REASONS = {  # a column of frames.csv → why a coded frame is not used
    "excluded": "excluded by the configuration",
    "partly_coded": "coded in part",
    "missing": "not in the video",
    "unreadable": "unreadable",
    "no_face": "with no face found",
}


def describe_frames(counts: Mapping[str, pd.DataFrame]) -> str:
    """How many coded frames of each dataset are used, and why the others are not, a sentence.

    Args:
        counts: of each dataset, ``frame_counts.count_frames``.
    """
    parts = []
    for dataset, table in counts.items():
        total = table.sum(numeric_only=True)
        lost = [f"{total[name]:,} {reason}" for name, reason in REASONS.items() if total[name]]
        carried = f", {total['carried']:,} of them with an earlier frame's landmarks" * bool(total["carried"])
        parts.append(
            f"{total['used']:,} of {total['coded']:,} on {dataset}{carried}"
            + (f" (left out: {', '.join(lost)})" if lost else "")
        )
    return f"Coded frames used: {'; '.join(parts)}." if parts else ""


def describe_shared(counts: Sequence[str]) -> str:
    """That rows of other tools and all others are of the frames that all have, a sentence."""
    if not counts:
        return ""
    return (
        f"Rows are of the test frames that every method has: {', '.join(counts)}; each on its own frames: "
        "its metrics.csv. In-sample: a tool that has seen faces of this dataset in training."
    )


def describe_weak(counts: Mapping[str, tuple[int, int]]) -> str:
    """What methods marked ``WEAK`` are trained on, a sentence.

    Args:
        counts: of each dataset with such a method, its test codes at valleys and peaks, and all of them.
    """
    if not counts:
        return ""
    parts = [f"{ends:,} of {every:,} on {dataset}" for dataset, (ends, every) in counts.items()]
    return (
        f"{WEAK}: weakly supervised, trained by a recipe of its own on the codes at each AU's valleys and "
        f"peaks alone, as are {', '.join(parts)} of the test codes; all codes tell where these lie."
    )


def caption(table: pd.DataFrame) -> str:
    """The caption of a tidy table, as plain sentences."""
    datasets = list(dict.fromkeys(table.loc[table["source"] == "measured", "dataset"]))
    sentences = [
        "ICC(3,1), higher is better, and MAE, lower is better, for each AU and on average, the best of each "
        "block in bold.",
    ]
    if published := list(dict.fromkeys(table.loc[table["source"] == "published", "dataset"])):
        names = join_names(published)
        sentences.append(f"Published: the paper's figures, on the real faces of {names}.")
    return " ".join([*sentences, *_describe_faces(datasets)])


def notes(
    table: pd.DataFrame,
    recipe: str = "",
    further: Sequence[str] = (),
    aggregation: str = "pooled",
    rounded: bool = False,
) -> list[str]:
    """The notes under a tidy table, each one or more sentences.

    Args:
        recipe: how the measured networks were trained, a phrase.
        further: notes such as that G collapsed.
        aggregation, rounded: see ``g2rl.config.schema.Measures``.
    """
    measured = table[table["source"] == "measured"]
    found = []
    if len(measured):
        folds = "pool the test frames of all folds" if aggregation == "pooled" else "are means over the folds"
        found.append(
            f"Measured values {folds}, no subject is in both training and test, predictions are "
            f"{'' if rounded else 'not '}rounded; in brackets the average's 95 % interval, bootstrap over "
            "subjects."
        )
        found.append(
            "Image-free baselines: Best constant, each AU's training median; Landmarks ridge, a regression "
            "on the 68 landmarks."
        )
        if measured.get("method", pd.Series(dtype=str)).str.endswith(NEUTRAL).any():
            found.append(
                f"“{NEUTRAL}”: predictions less the {PERCENTILE}th percentile of the method's own for the "
                "same test subject and AU, at least 0; no codes are used."
            )
        if measured["value"].isna().any():
            found.append(
                "–: undefined. The ICC is if codes and predictions of an AU are both constant, each measure "
                "if no frame is coded; an average is of the defined AUs, in parentheses their number."
            )
        average = measured[(measured["au"] == "avg") & measured["value"].notna()]
        if average["ci_low"].isna().any():
            found.append("95 %, –: no interval over subjects, as where a fold tests a single one.")
        if measured.get("difference", pd.Series(dtype=float)).notna().any():
            found.append(
                "vs. Baseline: the average less the Baseline's, of the same seeds on the same frames, with "
                "the 95 % interval of this difference, bootstrap over subjects and seeds."
            )
        seeds = max(measured["seeds"])
        trained = f"Every network: {recipe.rstrip('.')}. " if recipe else ""
        found.append(trained + (f"Mean of {seeds} seeds." if seeds > 1 else "One seed."))
    elif recipe:
        found.append(f"Every network: {recipe.rstrip('.')}.")
    return [*found, *further]


def _describe_faces(datasets: Sequence[str]) -> list[str]:
    """Which of the measured datasets show real faces and which rendered ones, a sentence for each kind."""
    rendered, real = ([d for d in datasets if is_rendered(d) is kind] for kind in (True, False))
    sentences = []
    if real:
        sentences.append(f"Measured on {join_names(real)}: real faces.")
    if rendered:
        sentences.append(
            f"Measured on {join_names(rendered)}: rendered faces, made by this project. Their values say "
            "nothing about real faces and must not be compared with the published ones."
        )
    return sentences


def join_names(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
