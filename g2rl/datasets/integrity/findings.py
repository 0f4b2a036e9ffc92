"""TODO: one line."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from g2rl.datasets.integrity.findings_file import Finding
from g2rl.io.tables import read_tsv

# What can be found: code, severity, what it means for the result, what to do. An error stops or spoils a
# sequence or all of them, a warning makes the result differ from the published setting, a note changes none.
KINDS: dict[str, dict[str, str]] = {
    row["code"]: row
    for _, row in read_tsv(
        Path(__file__).parents[2] / "resources/findings.tsv", ("code", "severity", "meaning", "action")
    )
}


def format_findings(findings: Sequence[Finding], most: int = 8) -> str:
    """The findings as a table for the screen: by kind, with meaning and action, ``most`` rows of each."""
    counts = Counter(finding.severity for finding in findings)
    words = [
        f"{counts[name]} {name}{'' if counts[name] == 1 else 's'}" for name in ("error", "warning", "note")
    ]
    lines = []
    for code, group in groupby(findings, key=lambda finding: finding.code):
        rows = list(group)
        lines.append(f"{rows[0].severity.upper()} {code} ({len(rows)})")
        cells = [(row.sequence or row.subject or "-", row.file or "-", row.found) for row in rows[:most]]
        wide = [max(len(cell[column]) for cell in cells) for column in (0, 1)]
        for (name, file, found), row in zip(cells, rows, strict=False):
            expected = f", expected {row.expected}" if row.expected else ""
            lines.append(f"  {name:{wide[0]}}  {file:{wide[1]}}  {found}{expected}")
        if len(rows) > most:
            lines.append(f"  … and {len(rows) - most} more")
        lines += [f"  means: {rows[0].meaning}", f"  do:    {rows[0].action}", ""]
    return "\n".join([*lines, ", ".join(words) if findings else "nothing wrong found"])


def make_finding(
    code: str,
    subject: str = "",
    sequence: str = "",
    file: str = "",
    found: str = "",
    expected: str = "",
) -> Finding:
    kind = KINDS[code]
    return Finding(
        kind["severity"], code, subject, sequence, file, found, expected, kind["meaning"], kind["action"]
    )
