"""What the rule ``train`` sets beside the command."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

RULE = Path(__file__).resolve().parents[2] / "workflow/rules/train.smk"
PROGRAM = """
import resource
for _ in range(9):
    b"x" * 2**26
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="the variables are glibc's")
def test_freed_memory_is_kept_unless_the_environment_says_otherwise():
    """Memory that is freed and taken again is not given back to the system: fewer page faults."""
    prefix = (
        re.search(r"'(\[ .*?; )'", RULE.read_text(encoding="utf-8"))[1].replace("{{", "{").replace("}}", "}")
    )

    def page_faults(text: str, **variables: str) -> int:
        command = ["bash", "-ec", f'{text}"$0" -c "$1"', sys.executable, PROGRAM]
        return int(subprocess.run(command, env=variables, capture_output=True, check=True).stdout)

    assert page_faults(prefix) < page_faults("") / 3
    assert page_faults(prefix, G2RL_KEEP_MEMORY="0") == pytest.approx(page_faults(""), rel=0.05)
