"""Which datasets are rendered: their names say so."""

import re

PEOPLE_GROUP = re.compile(r"G\d{4}", re.ASCII)  # a subject of the layout people stands for many people
RENDERED = "synthetic_"  # how the names of rendered datasets begin


def is_rendered(dataset: str) -> bool:
    """Whether a dataset's faces are rendered."""
    return dataset.startswith(RENDERED)
