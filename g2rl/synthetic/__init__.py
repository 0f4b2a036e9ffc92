"""Rendered faces with known AU intensities, written in the layouts of BP4D and DISFA."""

from pathlib import Path

__all__ = ["contact_sheet", "cut_head", "render_sequence"]


def cut_head(out: Path) -> None:
    """See `g2rl.synthetic.head.cut_head`."""
    from g2rl.synthetic.head import cut_head

    cut_head(out)


def render_sequence(
    head: Path,
    layout: str,
    root: Path,
    sequence: str,
    subject: str,
    frames: int,
    seed: int,
) -> None:
    """See `g2rl.synthetic.dataset.render_sequence`."""
    from g2rl.synthetic.dataset import render_sequence

    render_sequence(head, layout, root, sequence, subject, frames, seed)


def contact_sheet(head: Path, out: Path, **choices) -> None:
    """See `g2rl.synthetic.sheet.contact_sheet`."""
    from g2rl.synthetic.sheet import contact_sheet

    contact_sheet(head, out, **choices)
