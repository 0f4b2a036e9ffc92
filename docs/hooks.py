"""What the site has beyond docs/: generated pages, files from elsewhere, links to them, drawn equations."""

import io
import os
import posixpath
import re
import sys
from pathlib import Path

import matplotlib
from matplotlib.mathtext import math_to_image
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
PAGES = {  # a file of the repository → its page
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "config/README.md": "configuration.md",
    "profiles/README.md": "clusters.md",
    "results/README.md": "results.md",
    "benchmarks/rules.md": "rules.md",
}
IMAGES = ["benchmarks/scaling.png", *(f"published/figures/figure{n}.png" for n in range(1, 8))]
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
NOT_RUN = re.compile(r"<!-- not run here: (.*?) -->")
INCLUDE = re.compile(r"<!-- include: (\S+) -->")
AU_TABLE = "<!-- AU table -->"
sys.path.insert(0, str(ROOT))


def on_config(config):
    os.environ["COLUMNS"] = "100"  # of the command line's help
    fence = {"name": "math", "class": "math", "format": equation}
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}
    return config


def on_files(files, config):
    generated = {page: (ROOT / source).read_text(encoding="utf-8") for source, page in PAGES.items()}
    for page, content in (generated | {"cli.md": command_line()}).items():
        files.append(File.generated(config, page, content=content))
    for name in IMAGES:
        files.append(File.generated(config, f"images/{Path(name).name}", abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown, page, config, **_):
    """Links as the repository has them become links of the site; those to files that it lacks, plain text."""
    name = page.file.src_uri
    sources = {page: source for source, page in PAGES.items()}
    folder = posixpath.dirname(sources.get(name, f"docs/{name}"))

    def relink(found):
        image, words, target = found.groups()
        path, hash_, anchor = target.partition("#")
        if ":" in path or not path:
            return found[0]
        source = posixpath.normpath(posixpath.join(folder, path))
        site = f"images/{Path(source).name}" if source in IMAGES else PAGES.get(source)
        if site is None and source.startswith("docs/"):
            site = source.removeprefix("docs/")
        if site is None:
            return f"[{words}]({config.repo_url}/blob/main/{source})" if config.repo_url else words
        return f"{image}[{words}]({posixpath.relpath(site, posixpath.dirname(name) or '.')}{hash_}{anchor})"

    markdown = LINK.sub(relink, NOT_RUN.sub(r"*Not run by the tests: \1.*", markdown))
    if AU_TABLE in markdown:
        markdown = markdown.replace(AU_TABLE, action_units())
    return INCLUDE.sub(include, markdown)


def include(found):
    """The text of a file; of a page of the report, its content in its own style."""
    from g2rl.report.html import STYLE, content_of

    text = (ROOT / found[1]).read_text(encoding="utf-8")
    if not found[1].endswith(".html"):
        return text
    return f'<div class="g2rl"><style>{STYLE}</style>\n{content_of(text)}\n</div>'


def equation(source, *_, **__):
    """LaTeX as an SVG in the colour of the text, by Matplotlib; the number of a ``\\tag`` at its right."""
    formula, _, tag = source.partition("\\tag{")
    drawing = io.StringIO()
    with matplotlib.rc_context({"mathtext.fontset": "stix", "svg.fonttype": "path"}):
        math_to_image(f"${' '.join(formula.split())}$", drawing, format="svg")
    svg = re.sub(r"<metadata>.*?</metadata>", "", drawing.getvalue(), flags=re.DOTALL)
    svg = svg[svg.index("<svg") :].replace("#000000", "currentColor").replace("<svg", '<svg role="img"', 1)
    svg = re.sub(
        r'(width|height)="([\d.]+)pt"', lambda found: f'{found[1]}="{1.4 * float(found[2]):.0f}pt"', svg
    )
    number = f"<span>({tag.rstrip().removesuffix('}')})</span>" if tag else ""
    return f'<p style="align-items: center; display: flex; justify-content: space-between">{svg}{number}</p>'


def command_line():
    """Every command with its help, as argparse prints it."""
    from g2rl.cli.help import COMMANDS, make_parser, overview

    helps = [
        f"## g2rl {each}\n\n```text\n{make_parser(each).format_help().rstrip()}\n```" for each in COMMANDS
    ]
    return "\n\n".join(["# Command line", f"```text\n{overview()}\n```", *helps]) + "\n"


def action_units():
    """A table of the AUs: name, muscles, location, and which dataset codes them."""
    from g2rl.action_units import NAMES, format_centres
    from g2rl.config.au_centres import centre_sets
    from g2rl.datasets.registry import LAYOUTS

    known, rows = centre_sets()["default"], []
    coded = {name.upper(): LAYOUTS[name].aus for name in ("bp4d", "disfa")}
    for au, (name, muscles) in NAMES.items():
        where = format_centres({au: known[au]}).partition(": ")[2] if au in known else "–"
        data = ", ".join(dataset for dataset, aus in coded.items() if au in aus) or "–"
        rows.append(f"| AU{au} | {name} | {muscles} | {where} | {data} |")
    return "\n".join(["| AU | name | muscles | location | coded in |", "|---" * 5 + "|", *rows])
