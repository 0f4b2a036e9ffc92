"""Whether the geometry vector G of Eq. 6 collapsed during a training, or the predictions of an AU did."""

import numpy as np
import pandas as pd

from g2rl.inference.predictions import au_columns, intensities

COLLAPSED = 0.1  # of the variance of G before the first step: with less, G is nearly constant across faces
CONSTANT = 0.01  # of the mean square of G: with less variance, it is as well
FLAT = 0.1  # of the deviation of an AU's codes: predictions that deviate less are nearly constant


def collapse_verdict(first: float, last: float, share: float) -> str:
    """Whether G collapsed.

    Args:
        first, last: its variance over faces before the first step and after the last.
        share: of the last variance in G's mean square.
    """
    if last < COLLAPSED * first:
        return "collapsed"
    return "nearly constant" if share < CONSTANT else "still varies"


def constant_aus(predictions: pd.DataFrame) -> list[str]:
    """The AUs that a fold codes at more than one intensity, and predicts as nearly the same everywhere.

    The fate of rare AUs: a network that always answers 0 is right most of the time. Their ICC is about 0, and
    counts in the average.
    """
    flat = []
    for au, true, pred in zip(
        au_columns(predictions), *(each.T for each in intensities(predictions)), strict=True
    ):
        coded = ~np.isnan(true)
        if coded.any() and np.std(pred[coded]) < FLAT * np.std(true[coded]):
            flat.append(au)
    return flat
