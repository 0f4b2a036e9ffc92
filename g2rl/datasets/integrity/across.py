"""What only shows where sequences are compared with each other: copies, odd sizes, AUs that never occur."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.seen import Seen
from g2rl.datasets.integrity.wording import size_text


def compare_sequences(seen: list[Seen]) -> Iterator[Finding]:
    """The findings about all sequences together."""
    yield from _other_sizes(seen)
    yield from _copies(seen)
    yield from _never_active(seen)
    yield from _other_aus(seen)


def _other_sizes(seen: list[Seen]) -> Iterator[Finding]:
    """Sequences whose frames have another size than most."""
    sizes = Counter(one.size for one in seen if one.size)
    if not sizes:
        return
    usual = max(sizes, key=lambda size: (sizes[size], size))
    expected = f"{size_text(usual)} as {sizes[usual]} of {sum(sizes.values())} sequences"
    for one in seen:
        if one.size and one.size != usual:
            found = size_text(one.size)
            yield make_finding("size-differs", one.subject, one.sequence, one.media, found, expected)


def _copies(seen: list[Seen]) -> Iterator[Finding]:
    """Media, and codes of an AU, that are the same in two sequences."""
    by_frames, by_codes = defaultdict(list), defaultdict(list)
    for one in seen:
        if one.fingerprint:
            by_frames[one.fingerprint].append((one, one.media))
        for file, digest in one.codes.items():
            by_codes[digest].append((one, file))
    yield from _twins("frames-copied", by_frames, "frames of its own")
    for digest, group in by_codes.items():
        across = len({one.sequence for one, _ in group}) > 1
        yield from _twins("codes-copied" if across else "codes-equal", {digest: group}, "codes of its own")


def _twins(code: str, groups: Mapping[str, list[tuple[Seen, str]]], expected: str) -> Iterator[Finding]:
    for group in groups.values():
        if len(group) < 2:
            continue
        for place, (one, file) in enumerate(group):  # nothing here shows which of them is wrong
            twin, other = group[place == 0]
            found = f"the same as {twin.sequence}'s, {other}"
            yield make_finding(code, one.subject, one.sequence, file, found, expected)


def _never_active(seen: list[Seen]) -> Iterator[Finding]:
    """AUs without an intensity above 0, and codes without one above 1 at all."""
    highest: dict[int, int] = {}
    for one in seen:
        for au, value in one.highest.items():
            highest[au] = max(value, highest.get(au, -1))
    if highest and max(highest.values()) == 1:
        yield make_finding("occurrence-codes", found="no intensity above 1 in any file", expected="0 to 5")
    for au, value in sorted(highest.items()):
        if value <= 0:
            yield make_finding("au-absent", found=f"AU{au:02d} never above 0", expected="some of it")


def _other_aus(seen: list[Seen]) -> Iterator[Finding]:
    """Sequences with whole label files that code other AUs than most."""
    aus = Counter(one.aus for one in seen if one.aus)
    usual = max(aus, key=lambda item: (aus[item], len(item)), default=())
    for one in seen:
        is_whole = not any(finding.code.startswith("label-") for finding in one.findings)
        if one.aus and is_whole and one.aus != usual:
            found, expected = (", ".join(f"AU{au:02d}" for au in item) for item in (one.aus, usual))
            yield make_finding("aus-differ", one.subject, one.sequence, "", found, expected)
