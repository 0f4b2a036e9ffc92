"""Sentences that a table needs beside its numbers: how its networks were trained, what went on in them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from g2rl.config import Config

COLLAPSED = 0.1  # of the variance of G in the first epoch


def recipe(config: Config) -> str:
    """How every network of Table 1 was trained, in a phrase."""
    t = config.training
    start = {"imagenet": "ImageNet", "none": "random"}.get(config.weights, "given")
    extras = ", mirrored faces" * t.flip + f", shifts up to {t.shift:.0%}" * bool(t.shift)
    return (
        f"{t.backbone} from {start} weights, {t.image_size} px, σ = {config.sigma:g}, λ = {config.lambda_:g} "
        f"(Baseline 0), {t.guidance} guidance, Adam at {t.lr:g} ({t.schedule}), epochs: {t.epochs}, "
        f"batches of {t.batch_size}{extras}, the last epoch's weights; the same for every row"
    )


def guidance(histories: Mapping[str, Sequence[pd.DataFrame]]) -> str:
    """What became of the geometry vector G of Eq. 6, whose both sides are trained: does it still vary?

    Args:
        histories: of each dataset's G2RL trainings, with a column ``var_G``.
    """
    parts = []
    for dataset, tables in histories.items():
        first, last = (sum(table["var_G"].iloc[row] for table in tables) / len(tables) for row in (0, -1))
        verdict = "collapsed" if last < COLLAPSED * first else "still varies"
        parts.append(f"{first:.2g} in the first epoch, {last:.2g} in the last on {dataset} ({verdict})")
    return f"Variance of the geometry vector G: {'; '.join(parts)}." if parts else ""
