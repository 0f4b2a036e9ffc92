"""TODO: one line."""

import os
from pathlib import Path

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.wording import relative_name

# ---------------------------------------------------------------------------------- what is there at all


def find_presence(
    layout: Layout,
    root: Path,
    subject_of: dict[str, str],
    published: dict[str, tuple[int, int] | None],
) -> tuple[list[Finding], list[str]]:
    """Findings about parts, subjects and sequences there or not, and the sequences whose frames are there."""
    findings = [
        make_finding(
            "two-spellings",
            file=relative_name(root, twin),
            found=f"beside {relative_name(root, part.path)}",
            expected="one",
        )
        for part in layout.parts(root)
        for twin in part.twins
    ]
    present = [name for name in subject_of if layout.media(root, name).exists()]
    here = {subject_of[name] for name in present}
    gone = set()
    for name, subject in subject_of.items():
        if name in present or subject in gone:
            continue
        whole = subject not in here
        gone |= {subject} if whole else set()
        media = layout.media(root, name)
        # The subject's own folder where there is one a subject (BP4D), else the sequence's folder or file.
        target = media.parent if whole and media.parent.name == subject else media
        findings.append(
            make_finding(
                "subject-missing" if whole else "sequence-missing",
                subject,
                "" if whole else name,
                relative_name(root, target),
                _similar(target, subject if whole else name),
                "its frames",
            )
        )
    for name, path in layout.found(root).items():
        if name not in published and name not in subject_of:
            findings.append(
                make_finding(
                    layout.unknown_sequence,
                    layout.subject(root, name),
                    name,
                    relative_name(root, path),
                    "an unknown sequence",
                    f"one of the {len(published)} published",
                )
            )
    return findings, present


def _similar(path: Path, name: str) -> str:
    """What lies where ``path`` should, under a name like it: an archive, another case, another camera."""
    wanted = {part.lower() for part in (name, path.stem)}
    near = []
    for folder in (path.parent, path.parent.parent):
        entries = sorted(os.listdir(folder)) if folder.is_dir() else []
        near += [entry for entry in entries if any(part in entry.lower() for part in wanted)]
    if not near:
        return "nothing there"
    archive = any(Path(entry).suffix.lower() in (".zip", ".7z", ".rar", ".tar", ".gz") for entry in near)
    return f"not there, but {', '.join(near[:3])}{' (to be unpacked)' if archive else ''}"
