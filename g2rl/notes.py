"""Sentences that a table needs beside its numbers: how its networks were trained, what went on in them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from g2rl.config import Config

COLLAPSED = 0.1  # of the variance of G before the first step
CONSTANT = 0.01  # of the mean square of G: with less variance than this G says next to nothing about a face


def recipe(config: Config) -> str:
    """How every network of Table 1 was trained, in a phrase."""
    t, plus = config.training, ""
    if config.plus is not None:
        plus = "; G2RL+ with " + ", ".join(f"{key} {value}" for key, value in config.plus.items())
    start = {"imagenet": "ImageNet", "none": "random"}.get(config.weights, "given")
    extras = ", mirrored faces" * t.flip + f", shifts up to {t.shift:.0%}" * bool(t.shift)
    return (
        f"{t.backbone} from {start} weights, {t.image_size} px, σ = {config.sigma:g}, λ = {config.lambda_:g} "
        f"(Baseline 0), {t.guidance} guidance, Adam at {t.lr:g} ({t.schedule}), epochs: {t.epochs}, "
        f"batches of {t.batch_size}{extras}, the last epoch's weights; the same for every row{plus}"
    )


def guidance(histories: Mapping[str, Sequence[pd.DataFrame]]) -> str:
    """What became of the geometry vector G of Eq. 6, whose both sides are trained: does it still vary?

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
            f"({verdict(first, last, share)})"
        )
    return f"Variance of the geometry vector G over faces: {'; '.join(parts)}." if parts else ""


def verdict(first: float, last: float, share: float) -> str:
    """On G's variance before the first step and after the last, and its last share of G's mean square."""
    if last < COLLAPSED * first:
        return "collapsed"
    return "next to constant" if share < CONSTANT else "still varies"


REASONS = {  # a column of frames.csv → why a coded frame is not used
    "excluded": "known to be bad",
    "partly_coded": "coded in part",
    "missing": "not in the video",
    "unreadable": "unreadable",
    "no_face": "with no face found",
}


def frames(counts: Mapping[str, pd.DataFrame]) -> str:
    """How many coded frames of each dataset are used, and why the others are not.

    Args:
        counts: of each dataset, ``cache.frame_counts``.
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
