"""Which datasets are rendered: their names say so."""

RENDERED = "synthetic_"  # how the names of rendered datasets begin


def is_rendered(dataset: str) -> bool:
    """Whether a dataset's faces are rendered."""
    return dataset.startswith(RENDERED)
