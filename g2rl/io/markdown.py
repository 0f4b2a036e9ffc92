"""Tables in GitHub Markdown and for the screen, and text without markup."""

import math
from collections.abc import Iterable, Sequence

_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_|<"})


def escape(text: str) -> str:
    """Text in which no character is taken for markup."""
    return text.translate(_MARKUP)


def signed(value: float, low: float, high: float) -> str:
    """A difference and its interval: ``+0.013 [+0.001, +0.025]``; ``low`` is NaN where there is none."""
    interval = "" if math.isnan(low) else f" [{low:+.3f}, {high:+.3f}]"
    return f"{value:+.3f}{interval}".replace("-", "−")


def pipe_table(header: Sequence[str], alignment: str, rows: Iterable[Sequence[str]]) -> str:
    """A table, without a line end; ``alignment``: the line below the header, such as ``|:--|--:|``."""
    first, *others = (f"| {' | '.join(cells)} |" for cells in (header, *rows))
    return "\n".join([first, alignment, *others])


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table for the screen: the first column to the left, numbers to the right."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(wide[0]), *(c.rjust(w) for c, w in zip(row[1:], wide[1:], strict=True))])
        for row in rows
    ]
