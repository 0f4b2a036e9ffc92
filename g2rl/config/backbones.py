"""Names of backbones checked without importing timm, which takes seconds and brings torch."""

import functools
import importlib.util
import re
from pathlib import Path

from g2rl.errors import did_you_mean

_MODEL = re.compile(r"^@register_model(?:\(\))?[ \t]*\n(?:@.*\n)*def (\w+)\(", re.MULTILINE)
_WEIGHTS = re.compile(r"""["'](\w+)\.(\w+)["']""")


def backbone_fault(name: str) -> str:
    """What is wrong with a timm model name such as ``resnet50.tv_in1k``; nothing where there is such a model.

    The name before the dot must be a model of the installed timm; the tag after it, which names the weights,
    one that timm has for some model: whether for this one, timm finds when it builds the model.
    """
    models, weights = _known()
    model, _, tag = name.partition(".")
    if models and model not in models:
        return f"timm has no model {model!r}{did_you_mean(model, sorted(models))}"
    if weights and tag and all(tag != known for _, known in weights):
        tags = {known for of, known in weights if of == model} or {known for _, known in weights}
        near = did_you_mean(name, [f"{model}.{known}" for known in sorted(tags)])
        return f"timm has no weights {tag!r} of {model}{near}"
    return ""


@functools.cache
def _known() -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The models that the sources of the installed timm register; the weights named there: (model, tag)."""
    package = importlib.util.find_spec("timm")
    if package is None or package.origin is None:
        return frozenset(), frozenset()
    sources = sorted((Path(package.origin).parent / "models").rglob("*.py"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return frozenset(_MODEL.findall(text)), frozenset(_WEIGHTS.findall(text))
