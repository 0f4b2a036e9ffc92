"""GitHub Markdown: pipe tables, and text without markup."""

from collections.abc import Iterable, Sequence

_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_|<"})


def escape(text: str) -> str:
    """Text in which no character is taken for markup."""
    return text.translate(_MARKUP)


def pipe_table(header: Sequence[str], alignment: str, rows: Iterable[Sequence[str]]) -> str:
    """A table, without a line end; ``alignment``: the line below the header, such as ``|:--|--:|``."""
    first, *others = (f"| {' | '.join(cells)} |" for cells in (header, *rows))
    return "\n".join([first, alignment, *others])
