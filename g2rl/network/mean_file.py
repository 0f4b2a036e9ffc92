"""Several model files read as one model."""

from collections.abc import Sequence
from dataclasses import asdict, replace
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

# In which settings networks that are averaged may differ: the image size, what counts in training alone.
MAY_DIFFER = {
    *("image_size", "seed", "max_subjects", "epochs", "batch_size"),
    *("deconv_std", "head_init", "bn_momentum", "freeze_bn", "heatmap_reduction", "geometry_reduction"),
    *("guidance", "geometry", "geometry_init", "geometry_bias", "geometry_relu", "landmark_units"),
    *("adjacency", "dynamic_adjacency", "projection", "projection_channels", "projection_init"),
    *("permute_landmarks", "intensity_loss", "high_intensity_weight", "calibrate"),
    *("lr", "lr_geometry", "lr_projection", "adam_eps", "weight_decay", "schedule", "milestones"),
    *("flip", "shift", "jitter"),
}


def read_mean(paths: Sequence[Path]) -> Model:
    """Read several networks as one on the CPU, whose intensities and heatmaps are the mean of theirs.

    They may have been trained in different ways, on images of different sizes, but must be of one kind.

    Raises:
        InputError: see ``read_model``; they are of different kinds, two have the same bytes, or one is such
            a mean.
    """
    models = [read_model(path, torch.device("cpu")) for path in paths]
    if len(models) == 1:
        return models[0]
    expected, nets, seen = _kind(models[0]), [], dict[str, Path]()
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
            raise InputError(f"{path}: the same bytes as {seen[digest]}: expected each network once")
        seen[digest] = path
        nets.append(model.net)
    sizes = tuple(model.settings.image_size for model in models)
    return replace(
        models[0],
        net=MeanNet(nets, sizes),
        settings=replace(models[0].settings, image_size=max(sizes)),
        image_sizes=sizes,
        subjects=frozenset[str]().union(*(model.subjects for model in models)),
        datasets=all_datasets(*(model.datasets for model in models)),
    )


def _kind(about: Description) -> dict[str, Any]:
    """What networks that are averaged have in common, by the user's names."""
    settings = asdict(about.settings)
    common = {key(name): value for name, value in settings.items() if name not in MAY_DIFFER}
    if about.settings.landmark_channel:  # landmarks are drawn at one size: a drawing is not to be reduced
        common["image_size"] = about.settings.image_size
    return {"aus": about.aus, "alignment": about.alignment, **common}
