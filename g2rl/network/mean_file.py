"""Several model files read as one model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from g2rl.config.training import key
from g2rl.errors import InputError
from g2rl.io.hashing import content_sha256
from g2rl.network.description import Description, all_datasets
from g2rl.network.mean import MeanNet
from g2rl.network.model import HeatmapNet
from g2rl.network.model_file import Model, read_model

# What networks that are averaged have in common: all that matters at test time, and the method.
_KIND = (
    *("lam", "sigma", "backbone", "stride", "channels", "input_scaling", "landmark_channel", "centres"),
    *("maps", "amplitude", "decoding", "au_from_points", "precision", "au_centres"),
)


def read_mean(paths: Sequence[Path], device: torch.device) -> Model:
    """Read several networks as one, whose intensities and heatmaps are the mean of theirs.

    They may have been trained in different ways, on images of different sizes, but must be of one kind.

    Raises:
        InputError: see ``read_model``; they are of different kinds, a file is given twice, or is such a mean.
    """
    models = [read_model(path, device) for path in paths]
    if len(models) == 1:
        return models[0]
    expected, nets, seen = _kind(models[0]), [], set[str]()
    for path, model in zip(paths, models, strict=True):
        if not isinstance(model.net, HeatmapNet):
            raise InputError(
                f"{path}: a mean of {len(model.image_sizes)} networks: give these networks instead"
            )
        for name, found in _kind(model).items():
            if found != expected[name]:
                raise InputError(
                    f"{path}: {name} {found}, expected {expected[name]} as in {paths[0]}: "
                    "only networks of one kind can be averaged"
                )
        if (digest := content_sha256(path)) in seen:
            raise InputError(f"{path}: given twice, or a copy of another: expected each network once")
        seen.add(digest)
        nets.append(model.net)
    sizes = tuple(model.settings.image_size for model in models)
    return replace(
        models[0],
        net=MeanNet(nets, sizes).eval(),
        settings=replace(models[0].settings, image_size=max(sizes)),
        image_sizes=sizes,
        subjects=frozenset[str]().union(*(model.subjects for model in models)),
        datasets=all_datasets(*(model.datasets for model in models)),
    )


def _kind(about: Description) -> dict[str, Any]:
    """What networks that are averaged have in common, by the user's names."""
    used = (*_KIND, "image_size") if about.settings.landmark_channel else _KIND
    settings = {key(name): getattr(about.settings, name) for name in used}
    return {"aus": about.aus, "alignment": about.alignment, **settings}
