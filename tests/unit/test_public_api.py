"""``from g2rl import …``: the documented functions, loaded at their first use."""

import subprocess
import sys

import pytest

import g2rl
from g2rl.evaluation import metrics
from g2rl.inference import predictions
from g2rl.reproducibility.code_digest import code_digest


def test_public_functions_are_those_of_their_modules():
    from g2rl import icc31, read_predictions

    assert icc31 is metrics.icc31
    assert read_predictions is predictions.read_predictions
    with pytest.raises(AttributeError, match="no attribute 'icc'"):
        g2rl.icc  # noqa: B018


def test_importing_the_package_loads_no_library():
    program = "import sys, g2rl; print(*({'numpy', 'pandas', 'torch', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_stage_follows_the_public_functions_only_because_they_are_public():
    assert "g2rl.evaluation.metrics" not in code_digest("cli.landmarks")
