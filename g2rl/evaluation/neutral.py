"""Predictions calibrated to each person's own neutral expression, without any code: ``NAME, neutral``."""

import pandas as pd

from g2rl.evaluation.methods import METHODS, UNTRAINED, ByMethod
from g2rl.inference.neutral import PERCENTILE
from g2rl.inference.predictions import au_columns

NEUTRAL = ", neutral"  # behind the name of a method


def neutral_methods(methods: ByMethod) -> ByMethod:
    """Each trained method once more, with ``subtract_neutral``."""
    untrained = {METHODS[name] for name in UNTRAINED}
    return {
        f"{title}{NEUTRAL}": {
            seed: {fold: subtract_neutral(table) for fold, table in folds.items()}
            for seed, folds in seeds.items()
        }
        for title, seeds in methods.items()
        if title not in untrained
    }


def subtract_neutral(predictions: pd.DataFrame) -> pd.DataFrame:
    """Predictions less the 5th percentile of the same subject's, AU by AU; 0 where they are below it.

    Args:
        predictions: see ``read_predictions``; all frames count, coded or not.
    """
    columns = [f"{au}_pred" for au in au_columns(predictions)]
    neutral = predictions.groupby("subject")[columns].transform("quantile", PERCENTILE / 100)
    return predictions.assign(**(predictions[columns] - neutral).clip(lower=0))
