"""TODO: one line."""

from g2rl.errors import InputError

# What a run's folder name starts with → its name in tables and figures, in the order of the rows.
METHODS = {
    "constant": "Best constant",
    "landmark_ridge": "Landmarks ridge",
    "baseline": "Baseline",
    "g2rl": "G2RL",
    "g2rlplus": "G2RL+",
}


BEST = {"ICC": max, "MAE": min}  # the table's metrics → which is best


ARROWS = {"ICC": "↑", "MAE": "↓"}


def method_name(run: str) -> str:
    """A run's folder → its method: ``g2rl_sigma2_lambda0.05_seed0`` is G2RL.

    Raises:
        InputError: it starts with none of ``METHODS``.
    """
    prefix = run.partition("_sigma")[0]
    if prefix not in METHODS:
        raise InputError(f"{run}: no run's folder, expected a name that starts with one of {list(METHODS)}")
    return METHODS[prefix]


def is_rendered(dataset: str) -> bool:
    """Whether a dataset holds rendered faces, told by its name (``synthetic_…``)."""
    return dataset.startswith("synthetic_")
