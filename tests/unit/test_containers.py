"""The two container recipes: of the same base, lock and commands, and of a form their builders accept."""

import re
import tomllib
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTIONS = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "CMD"}
SECTIONS = {"files", "post", "environment", "runscript"}


def docker() -> list[tuple[str, str]]:
    """Instructions with their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


def apptainer() -> tuple[dict[str, str], dict[str, list[str]]]:
    """The header and the sections with their lines."""
    head, *sections = re.split(r"^%", (ROOT / "apptainer.def").read_text(), flags=re.MULTILINE)
    header = dict(line.split(": ", 1) for line in head.splitlines() if line and not line.startswith("#"))
    parts = [section.splitlines() for section in sections]
    return header, {lines[0]: [line.strip() for line in lines[1:] if line.strip()] for lines in parts}


def test_dockerfile_is_well_formed():
    lines = docker()
    assert lines[0][0] == "FROM"
    assert {name for name, _ in lines} == INSTRUCTIONS
    for name, argument in lines:
        if name == "COPY":
            *sources, _ = argument.split()
            assert all((ROOT / source).exists() for source in sources)


def test_apptainer_definition_is_well_formed():
    header, sections = apptainer()
    assert header["Bootstrap"] == "docker"
    assert set(sections) == SECTIONS
    for line in sections["files"]:
        assert (ROOT / line.split()[0]).exists()


def test_both_are_the_same_environment():
    lines, (header, sections) = dict(docker()), apptainer()
    assert lines["FROM"] == header["From"]
    assert [part.strip() for part in lines["RUN"].split("&&")] == sections["post"]
    assert "--no-deps -r /opt/requirements.lock" in lines["RUN"]
    assert "PYTHONPATH=." in lines["ENV"]
    assert "PYTHONPATH=." in sections["environment"][0]


def test_python_is_one_that_the_project_takes():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert SpecifierSet(wanted).contains(re.search(r"python:([\d.]+)-", dict(docker())["FROM"])[1])
