"""The look of the report's pages: one style for screen, dark screen and print, without outside resources."""

from html import escape

STYLE = """
.g2rl { --rule: light-dark(#222, #ccc); --hair: light-dark(#ccc, #555); --quiet: light-dark(#555, #aaa);
  --tint: light-dark(#fdf3e1, #3a3020); color: light-dark(#111, #eee); max-width: 66rem;
  font: 15px/1.45 "Source Serif 4", "Times New Roman", Times, serif; }
.g2rl h1 { font-size: 1.5em; margin: 0 0 .5em; } .g2rl h2 { font-size: 1.2em; margin: 1.6em 0 .4em; }
.g2rl figure, .g2rl .wide { margin: 0; overflow-x: auto; text-align: left; width: auto; }
.g2rl p, .g2rl figcaption { color: inherit; font-size: 1em; font-style: normal; margin: 0 0 1rem;
  max-width: 52rem; }
.g2rl img { height: auto; margin: 0; max-width: 100%; background: white; }
.g2rl ul { color: var(--quiet); font-size: .9em; max-width: 52rem; padding-left: 1.2em; list-style: disc; }
.g2rl ul.warnings { background: var(--tint); color: inherit; font-size: 1em; margin: 0 0 1rem;
  padding: .5em 2em; }
.g2rl table { border-collapse: collapse; margin: 0 0 1.6rem; border-block: 1.5px solid var(--rule);
  width: auto; font: inherit; font-size: .92em; font-variant-numeric: tabular-nums; }
.g2rl th, .g2rl td { color: inherit; padding: .14rem .4rem; text-align: right; font-weight: normal;
  white-space: nowrap; }
.g2rl th[scope=row], .g2rl th[scope=rowgroup], .g2rl th:first-child { text-align: left; padding-left: 0; }
.g2rl table:where(:has(tr > :nth-child(12))) :is(th, td) { padding-inline: .22rem; }
.g2rl td:last-child, .g2rl th:last-child { padding-right: 0; }
.g2rl table.values td:nth-last-child(2) { border-left: 1px solid var(--hair); }
.g2rl table.values td:last-child { color: var(--quiet); }
.g2rl table.text * { text-align: left; vertical-align: top; white-space: normal; }
.g2rl table.text td { min-width: 6rem; }
.g2rl thead th { font-weight: bold; }
.g2rl tr.title th { border-top: 1px solid var(--rule); font-style: italic; padding-top: .3rem; }
.g2rl tbody.rendered tr.title th { background: var(--tint); }
@media print { .g2rl { font-size: 8.5pt; max-width: none; } .g2rl tbody, .g2rl img { break-inside: avoid; }
  .g2rl figure, .g2rl .wide { overflow: visible; } .g2rl th, .g2rl td { padding-inline: .2rem; }
  @page { margin: 12mm; } }
"""

# Within another page, as Snakemake's report has it, nothing but the content may be styled: hence :has.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{title}</title>
<style>
:root:has(> body > .g2rl) {{ color-scheme: light dark; }}
body:has(> .g2rl) {{ margin: 2rem auto; max-width: 66rem; padding: 0 1rem; }}
@media print {{ body:has(> .g2rl) {{ margin: 0; max-width: none; padding: 0; }} }}{style}</style>
</head>
<body>
<main class="g2rl">
{content}
</main>
</body>
</html>
"""


def page(title: str, content: str) -> str:
    """A page of its own; ``content`` is HTML."""
    return _PAGE.format(title=text(title), style=STYLE, content=content)


def content_of(document: str) -> str:
    """What ``page`` was given."""
    return document.partition('<main class="g2rl">\n')[2].rpartition("\n</main>")[0]


def text(words: str) -> str:
    """Plain text as HTML."""
    return escape(words, quote=False)
