"""Where libraries keep caches and downloads: not in a home folder that is missing or cannot be written."""

import os
import tempfile
from pathlib import Path

# Of Hugging Face, torch, Matplotlib, and of Snakemake and others.
VARIABLES = ("HF_HOME", "TORCH_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME")


def set_caches(folder: Path) -> None:
    """Keep caches below ``folder``, in this process and its children, unless variables name others."""
    for variable in VARIABLES:
        os.environ.setdefault(variable, str(folder / variable.lower()))


def leave_unwritable_home() -> None:
    """Where the home folder is missing or cannot be written, caches go to the machine's temporary folder."""
    home = os.path.expanduser("~")
    if not os.path.isdir(home) or not os.access(home, os.W_OK):
        owner = os.getuid() if hasattr(os, "getuid") else "caches"
        set_caches(Path(tempfile.gettempdir()) / f"g2rl-{owner}")
