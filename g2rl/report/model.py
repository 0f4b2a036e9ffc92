"""A model file in plain words: AUs, training, licence, measures on held-out subjects."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from g2rl.action_units import NAMES
from g2rl.config.training import Settings, key
from g2rl.evaluation.metrics import evaluate
from g2rl.inference.face_network import OWN_MODEL, open_model
from g2rl.inference.predictions import read_predictions
from g2rl.io.hashing import content_sha256
from g2rl.network.description import Description
from g2rl.network.onnx_file import OnnxModel

MODEL = "model.safetensors"  # whose predictions.csv lies beside it
RENDERED = "trained on rendered faces alone, from CC0 data: no licence of a dataset of real people binds it"
REAL = "bound by the terms of its training data; those of BP4D and DISFA allow research alone"
UNKNOWN = "not known, the file does not name its datasets"
EVIDENCE = "docs/evidence/real_faces.md"  # of the package's own model
DLIB = "; its landmarks are dlib's, whose model excludes commercial use"


def describe_model(path: Path) -> str:
    """The description of a model of either format, as lines of text.

    Raises:
        InputError: it is no model, or ``predictions.csv`` beside it cannot be read.
    """
    about = open_model(path, lambda: None)
    side, alignment = about.settings.image_size, about.alignment
    size, digest = path.stat().st_size / 1e6, content_sha256(path)
    head = {
        "file": f"{path}, {size:.1f} MB, SHA-256 {digest}",
        "format": f"ONNX, {about.numbers}" if isinstance(about, OnnxModel) else "safetensors",
        "AUs": ", ".join(f"AU{au:02d} {NAMES[au][0]}" if au in NAMES else f"AU{au:02d}" for au in about.aus),
        "networks": _networks(about.image_sizes),
        "trained on": about.trained_on,
        "training subjects": ", ".join(sorted(about.subjects)) or "not known",
        "faces": f"{side}×{side} pixels, aligned by {alignment.anchors}, scale {alignment.scale:g}, "
        f"landmarks by {alignment.detector}",
        "method": f"G2RL, λ = {about.settings.lam:g}" if about.settings.lam else "Baseline, λ = 0",
        "settings of the first" if about.image_sizes else "settings": _settings(about),
        "licence": (RENDERED if about.rendered else REAL if about.datasets else UNKNOWN)
        + DLIB * (alignment.detector == "dlib"),
        "provenance": EVIDENCE if _is_own(path) else f"g2rl provenance {path}",
    }
    return "\n".join([*(f"{name}: {text}" for name, text in head.items() if text), *_measures(path)])


def _is_own(path: Path) -> bool:
    return path.resolve() == OWN_MODEL.resolve()


def _networks(image_sizes: Sequence[int]) -> str:
    """How many are averaged, and the images that they take; "" of a single one."""
    kinds = [f"{n} of {size}×{size} pixels" for size, n in Counter(image_sizes).items()]
    return f"{len(image_sizes)}, whose intensities are averaged: {', '.join(kinds)}" if kinds else ""


def _settings(about: Description) -> str:
    """The network, σ, and what else differs from the paper's."""
    always = ("backbone", "sigma", "epochs", "seed")
    told = ("au_centres", "image_size", "lam")  # these have lines of their own, or too long ones
    return ", ".join(
        f"{key(field.name)} {value}"
        for field in fields(Settings)
        if (value := getattr(about.settings, field.name)) != field.default or field.name in always
        if field.name not in told
    )


def _measures(path: Path) -> list[str]:
    """ICC and MAE of each AU on the subjects of the predictions beside a model."""
    table = path.with_name("predictions.csv")
    if _is_own(path):
        return [f"held-out subjects: {EVIDENCE}"]
    if not table.exists():
        return ["held-out subjects: not known, there is no predictions.csv beside it"]
    if path.name != MODEL:
        return [f"held-out subjects: not known, {table} is of {MODEL}"]
    predictions = read_predictions(table)
    measured = evaluate([predictions], resamples=0)
    values = measured[measured["aggregation"] == "pooled"].pivot(index="au", columns="metric", values="value")
    lines = [f"  {au}  ICC {row['ICC']:.2f}  MAE {row['MAE']:.2f}" for au, row in values.iterrows()]
    subjects = predictions["subject"].nunique()
    count = f"{subjects} held-out subject{'s' * (subjects != 1)}"
    return [f"{count}, {len(predictions)} frames ({table}):", *lines]
