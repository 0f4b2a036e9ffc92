"""Which parts, subjects and sequences of a dataset a copy has, lacks, or has too many of."""

from collections.abc import Iterator
from pathlib import Path

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.wording import relative_name, similar_names


def second_spellings(layout: Layout, root: Path) -> Iterator[Finding]:
    """A finding per part of the dataset that is there twice."""
    for part in layout.parts(root):
        for twin in part.twins:
            found = f"beside {relative_name(root, part.path)}"
            yield make_finding("two-spellings", file=relative_name(root, twin), found=found, expected="one")


def missing_sequences(
    layout: Layout, root: Path, subject_of: dict[str, str], present: list[str]
) -> Iterator[Finding]:
    """A finding per subject without any of its sequences, and per other sequence without frames.

    Args:
        subject_of: the subject of each sequence that should be there.
        present: the sequences that are.
    """
    there, here = set(present), {subject_of[name] for name in present}
    missing_subjects = set()
    for name, subject in subject_of.items():
        if name in there or subject in missing_subjects:
            continue
        media = layout.media(root, name)
        if subject in here:
            code, sequence, target, wanted = "sequence-missing", name, media, name
        else:
            missing_subjects.add(subject)
            # The subject's own folder where there is one (BP4D), else the sequence's folder or file.
            target = media.parent if media.parent.name == subject else media
            code, sequence, wanted = "subject-missing", "", subject
        found = similar_names(target, wanted)
        yield make_finding(code, subject, sequence, relative_name(root, target), found, "its frames")


def unknown_sequences(layout: Layout, root: Path, known: set[str], n_published: int) -> Iterator[Finding]:
    """A finding per sequence that is there, but neither published nor in the sample sheet."""
    for name, path in layout.found(root).items():
        if name not in known:
            yield make_finding(
                layout.unknown_sequence,
                layout.subject(root, name),
                name,
                relative_name(root, path),
                "an unknown sequence",
                f"one of the {n_published} published",
            )
