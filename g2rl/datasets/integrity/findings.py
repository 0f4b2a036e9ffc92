"""The kinds of findings, and how findings are shown on the screen."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from g2rl.datasets.integrity.findings_file import Finding
from g2rl.io.tables import RESOURCES, read_tsv

# What can be found: code, severity, what it means for the result, what to do. An error stops or spoils a
# sequence or all of them, a warning makes the result differ from the published setting, a note changes none.
KINDS: dict[str, dict[str, str]] = {
    row["code"]: row
    for _, row in read_tsv(RESOURCES / "findings.tsv", ("code", "severity", "meaning", "action"))
}
SEVERITIES = ("error", "warning", "note")  # in the order in which findings are listed


# What to do where the data are the user's own and there is no distribution to copy from.
OWN_ACTIONS = {
    row["code"]: row["action"] for _, row in read_tsv(RESOURCES / "findings_own.tsv", ("code", "action"))
}


def make_finding(
    code: str,
    subject: str = "",
    sequence: str = "",
    file: str = "",
    found: str = "",
    expected: str = "",
    action: str = "",
) -> Finding:
    """A finding of the kind ``code``, with that kind's severity, meaning, and action if none is given."""
    kind = KINDS[code]
    action = action or kind["action"]
    return Finding(kind["severity"], code, subject, sequence, file, found, expected, kind["meaning"], action)


def advise_own(finding: Finding) -> Finding:
    """The same finding with the action for the user's own data, unless it has one of its own."""
    is_general = finding.action == KINDS[finding.code]["action"]
    return replace(finding, action=OWN_ACTIONS.get(finding.code, finding.action)) if is_general else finding


def format_findings(findings: Sequence[Finding], most: int = 8) -> str:
    """The findings as text: by kind, with meaning and action, ``most`` rows of each, and a count."""
    lines = []
    for _, group in groupby(findings, key=lambda finding: finding.code):
        lines += _format_kind(list(group), most)
    return "\n".join([*lines, _format_counts(findings) if findings else "nothing wrong found"])


def _format_kind(rows: list[Finding], most: int) -> list[str]:
    first, shown = rows[0], rows[:most]
    names = [row.sequence or row.subject or "-" for row in shown]
    files = [row.file or "-" for row in shown]
    lines = [f"{first.severity.upper()} {first.code} ({len(rows)})"]
    for name, file, row in zip(names, files, shown, strict=True):
        expected = f", expected {row.expected}" if row.expected else ""
        lines.append(f"  {name:{max(map(len, names))}}  {file:{max(map(len, files))}}  {row.found}{expected}")
    if len(rows) > most:
        lines.append(f"  … and {len(rows) - most} more")
    actions = list(dict.fromkeys(row.action for row in shown))
    return [*lines, f"  means: {first.meaning}", *(f"  do:    {action}" for action in actions), ""]


def _format_counts(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(f"{counts[name]} {name}{'' if counts[name] == 1 else 's'}" for name in SEVERITIES)
