"""The documents: every command shown exists, and a test runs it or a mark says why none does."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from g2rl.cli.help import COMMANDS, make_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "config/*.md",
        "profiles/*.md",
        "results/README.md",
        "published/*.md",
    )
    for path in ROOT.glob(pattern)
)
BLOCK = re.compile(
    r"(?:<!-- (run by|not run here): (.*?) -->\n)?^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL
)
COMMAND = re.compile(r"^(?:\w+=\S+ )*(g2rl|snakemake|make|python|pytest|pip|docker|apptainer) ")


def commands(block):
    """The lines of a block, without comments, continued ones joined."""
    text = re.sub(r"\s+# .*", "", block.replace("\\\n", " "))
    return [line.strip() for line in re.split(r"\n|&&|; ", text) if line.strip()]


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_run_by_a_test_or_marked(page):
    for kind, words, language, block in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        if language in ("", "text") and not any(map(COMMAND.match, commands(block))):
            continue
        if language not in ("", "text", "bash", "console"):
            continue
        assert language == "bash", f"{page}: commands in a block without its language:\n{block}"
        assert kind, f"{page}: neither run by a test nor marked:\n{block}"
        if kind == "run by":
            file, _, test = words.partition("::")
            assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8")
        for line in commands(block):
            check(line)


def check(line):
    """Each option of a g2rl command is one of its parser's; targets and scripts exist."""
    words = [word for word in shlex.split(line) if not re.fullmatch(r"\w+=\S*", word)]
    if not words:
        return
    program, *rest = words
    if program == "g2rl":
        name, *options = rest
        known = {option for action in make_parser(name)._actions for option in action.option_strings}
        assert name in COMMANDS
        assert {each.partition("=")[0] for each in options if re.match(r"--?[a-z]", each)} <= known, line
    elif program == "make":
        targets = re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(rest) <= set(targets), line
    elif program in ("python", "pytest", "snakemake"):
        files = [word for word in rest if re.fullmatch(r"(tests|benchmarks|config|profiles)/[\w./]+", word)]
        assert all((ROOT / file).exists() for file in files), line


def test_every_page_is_in_the_navigation():
    def leaves(tree):
        for item in tree if isinstance(tree, list) else tree.values():
            yield from [item] if isinstance(item, str) else leaves(item)

    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    (nav,) = re.findall(r"^nav:\n(?:(?: .*)?\n)+", text, re.MULTILINE)
    named = list(leaves(yaml.safe_load(nav)["nav"]))
    own = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert len(named) == len(set(named))
    assert own <= set(named)


def test_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/limits.md", "CITATION.cff"])
def test_the_paper_is_cited_by_its_title(page):
    text = " ".join(re.sub(r"[{}]", "", (ROOT / page).read_text(encoding="utf-8")).split())
    title = "G2RL: Geometry-Guided Representation Learning for Facial Action Unit Intensity Estimation"
    for words in (title, "Fan", "Lin", "2020", "731", "737", "10.24963/ijcai.2020/102"):
        assert words in text, words
