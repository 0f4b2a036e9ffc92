"""Made-up predictions and measures, for the tests of what is computed or drawn from them."""

import numpy as np
import pandas as pd

BP4D = (6, 10, 12, 14, 17)
DISFA = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
AUS = ("AU01", "AU06", "AU12")


def make_predictions(subjects, frames=60, aus=AUS, seed=0, noise=0.8):
    """Plausible test predictions: whole truth, float prediction, a few entries not coded."""
    rng = np.random.default_rng(seed)
    n = len(subjects) * frames
    table = pd.DataFrame(
        {"subject": np.repeat(subjects, frames), "sequence": np.repeat(subjects, frames)}
        | {"frame": np.tile(np.arange(1, frames + 1), len(subjects))}
    )
    for au in aus:
        true = rng.binomial(5, rng.uniform(0.1, 0.6, len(subjects)).repeat(frames)).astype(float)
        table[f"{au}_true"] = np.where(rng.random(n) < 0.02, np.nan, true)
        table[f"{au}_pred"] = (0.6 * true + 0.4 + noise * rng.normal(size=n)).clip(0, 5)
    return table


def make_metrics(aus, icc, mae, spread=0.05):
    """A table as ``metrics.evaluate`` makes it, from values per AU and the average."""
    rows = []
    for metric, values in (("ICC", icc), ("MAE", mae), ("PCC", icc), ("MSE", mae)):
        for aggregation, shift in (("pooled", 0.0), ("fold_mean", -0.01)):
            for au, value in zip([*(f"AU{au:02d}" for au in aus), "avg"], values, strict=True):
                value += shift
                rows.append((au, metric, aggregation, value, value - spread, value + spread))
    table = pd.DataFrame(rows, columns=["au", "metric", "aggregation", "value", "ci_low", "ci_high"])
    return table.assign(aus=np.where(table["au"] == "avg", len(aus), 1))
