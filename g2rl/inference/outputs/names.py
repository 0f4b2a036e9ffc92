"""The files that each kind of output is."""

from pathlib import Path

ENDS = {
    "csv": ".csv",
    "overlay": ".overlay.mp4",
    "plot": ".timeline.png",
    "page": ".html",
    "summary": ".summary.csv",
}
OF_PHOTO, OF_PHOTOS = ".overlay.jpg", ".overlay"
BESIDE = (".timeline.pdf", ".events.csv")  # written with the timeline and the summary


def all_outputs(stem: Path) -> list[Path]:
    """Every file that an input of this name may have."""
    return [stem.with_name(stem.name + end) for end in (*ENDS.values(), OF_PHOTO, OF_PHOTOS, *BESIDE)]
