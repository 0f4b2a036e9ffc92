"""What the outputs of each input of ``g2rl predict`` are called."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from g2rl.errors import InputError
from g2rl.inference.inputs import Input
from g2rl.inference.record import holds_another
from g2rl.io.images import is_frame_file
from g2rl.io.video import VIDEO_SUFFIXES


def output_names(inputs: Sequence[Input], folder: Path) -> list[str]:
    """The name of each input's outputs: ``a`` for ``a.mp4``, ``P01.s1`` for the folder ``P01.s1``.

    The suffix stays (``a.mp4``) where another input of this call has the same name without it, or where
    outputs in ``folder`` are not of this input. Inputs of one name have the folder's name in front.

    Raises:
        InputError: files of something else would be replaced all the same.
    """
    paths = [each.path.resolve() for each in inputs]
    names = _short_names(inputs, paths, folder)
    with_parent = [f"{path.parent.name}_{name}" for path, name in zip(paths, names, strict=True)]
    names = _replace_repeated(names, with_parent)
    # With the parent folder's name also where files of something else would be replaced.
    names = [
        long_name if holds_another(folder / name, each) else name
        for name, long_name, each in zip(names, with_parent, inputs, strict=True)
    ]
    names = _replace_repeated(names, ["_".join(path.parts[1:]) for path in paths])
    for name, one in zip(names, inputs, strict=True):
        if holds_another(folder / name, one):
            raise InputError(
                f"{folder / name}.*: not outputs of {one.path}, which would replace them: give another folder"
            )
    return names


def _short_names(inputs: Sequence[Input], paths: Sequence[Path], folder: Path) -> list[str]:
    """Each input's name without its suffix where that is free."""
    full = [path.name or "root" for path in paths]
    short = [path.stem if _has_suffix(path) else name for path, name in zip(paths, full, strict=True)]
    shorter = Counter(map(str.casefold, short))
    return [
        name if shorter[stem.casefold()] > 1 or holds_another(folder / stem, each) else stem
        for stem, name, each in zip(short, full, inputs, strict=True)
    ]


def _replace_repeated(names: Sequence[str], longer: Sequence[str]) -> list[str]:
    """The names, each that occurs several times, in whatever case, replaced by its longer one."""
    times = Counter(map(str.casefold, names))
    return [
        long_name if times[name.casefold()] > 1 else name
        for name, long_name in zip(names, longer, strict=True)
    ]


def _has_suffix(path: Path) -> bool:
    return not path.is_dir() and (path.suffix.lower() in VIDEO_SUFFIXES or is_frame_file(path.name))
