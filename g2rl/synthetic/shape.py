"""The shape of a neutral face: a mix of the head's targets for sex, age, ancestry and identity."""

import math

import numpy as np

from g2rl.synthetic.head import Head

# Identity targets that break the face, move it away, or change what an AU shows.
_AVOID = (
    "head-trans", "id/neck", "id/ears", "mouth-trans-in", "mouth-trans-out", "nose-trans-in",
    "nose-trans-out", "head-age", "jaw-drop", "eye-scale", "mouth-angles", "head-fat", "eyebrows",
    "mouth-scale-depth", "mouth-dimples",
)  # fmt: skip
_DELICATE = ("eye-height", "eyefold", "eye-trans", "eye-push", "eye-corner")  # these at half their weight
_INTEROCULAR = 0.62  # decimetres; sizes are drawn towards it, so that faces are about equally large


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def draw_shape(
    rng: np.random.Generator, head: Head, female: bool, old: float, ancestry: np.ndarray
) -> np.ndarray:
    """(V, 3) float32 neutral face in decimetres, the eyes' middle at height 7.28."""
    mix = _macro_weights(rng, female, old, ancestry) | _identity_weights(rng, head)
    mix["fu/browInnerUp"] = rng.uniform(0.05, 0.25)  # MakeHuman's neutral brows look stern
    base = head.vertices.copy()
    for name, weight in mix.items():
        if name in head.index and weight:
            base += np.float32(weight) * head.targets[head.index[name]]
    # MakeHuman's teeth fill the mouth to its corners: let lips that stretch stay in front of them.
    teeth = head.vertices_of("teeth")
    base[teeth] = base[teeth] * np.array([0.86, 1, 1], np.float32) - np.array([0, 0, 0.05], np.float32)
    left, right = (base[head.vertices_of(f"{side}_eye")].mean(axis=0) for side in ("left", "right"))
    size = np.float32((_INTEROCULAR / math.dist(left, right)) ** 0.6)
    middle = ((left + right) / 2).astype(np.float32)
    base = (base - middle) * size + np.array([0, 7.28, 1.25], np.float32)
    _lower_arms(base, head.vertices)
    return base.astype(np.float32)


def ears(head: Head) -> np.ndarray:
    """(V,) float32 in [0, 1]: how much a vertex belongs to an ear, read off the targets that scale ears."""
    names = [name for name in head.names if "ear-scale-incr" in name or "ear-wing-incr" in name]
    moved = np.sum([np.linalg.norm(head.target(name), axis=1) for name in names], axis=0)
    return np.clip(moved / (0.25 * moved.max()), 0, 1).astype(np.float32)


def _macro_weights(
    rng: np.random.Generator, female: bool, old: float, ancestry: np.ndarray
) -> dict[str, float]:
    """The weights of the targets of sex, age, ancestry, muscle and weight, by name."""
    sex = float(np.clip(1 - abs(rng.normal(0, 0.12)), 0.6, 1))
    sexes = {"female": sex if female else 1 - sex, "male": 1 - sex if female else sex}
    muscle, weight = rng.dirichlet([1, 3, 1]), rng.dirichlet([1, 3, 1.2])
    mix: dict[str, float] = {}
    for sex_name, a in sexes.items():
        for age, b in (("young", 1 - old), ("old", old)):
            for name, c in zip(("caucasian", "african", "asian"), ancestry, strict=True):
                mix[f"ma/{name}-{sex_name}-{age}"] = a * b * c
            for muscle_name, c in zip(("min", "average", "max"), muscle, strict=True):
                for weight_name, d in zip(("min", "average", "max"), weight, strict=True):
                    target = f"ma/universal-{sex_name}-{age}-{muscle_name}muscle-{weight_name}weight"
                    mix[target] = a * b * c * d
    return mix


def _identity_weights(rng: np.random.Generator, head: Head) -> dict[str, float]:
    """The weights of the identity targets that are drawn, by name; those of one side also for the other."""
    mix: dict[str, float] = {}
    for stem, names in sorted(_identity_targets(head).items()):
        use, weight = rng.random(), abs(rng.normal(0, 0.33))
        choice, tilt = rng.integers(len(names)), rng.normal()
        if use < 0.45:
            continue
        weight = min(weight, 0.75) * (0.6 if stem.startswith("id/head") else 1.0)
        if any(word in stem for word in _DELICATE):
            weight *= 0.5
        name = names[choice]
        mix[name] = weight
        twin = name.replace("/l-", "/r-")
        if twin != name:
            mix[twin] = weight * (1 + 0.08 * tilt)
    return mix


def _identity_targets(head: Head) -> dict[str, list[str]]:
    """The identity targets to choose from, those of one side by the left one, by what they deform."""
    targets: dict[str, list[str]] = {}
    for name in head.names:
        one_side = any(s in name for s in ("/r-", "-right-"))
        if name.startswith("id/") and not one_side and not any(word in name for word in _AVOID):
            targets.setdefault(name.rsplit("-", 1)[0], []).append(name)
    return targets


def _lower_arms(base: np.ndarray, vertices: np.ndarray) -> None:
    """Let the arms hang, in place: in the mesh's rest pose (``vertices``) they stand off."""
    for side in (1, -1):
        out = side * vertices[:, 0]
        bend = -0.6 * side * smoothstep((out - 1.35) / 0.7) * (vertices[:, 1] < 6)
        pivot = np.array([side * 1.5, 5.55], np.float32)
        x, y = base[:, 0] - pivot[0], base[:, 1] - pivot[1]
        base[:, 0] = pivot[0] + np.cos(bend) * x - np.sin(bend) * y
        base[:, 1] = pivot[1] + np.sin(bend) * x + np.cos(bend) * y
