"""TODO: one line."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.sequence import Seen
from g2rl.datasets.integrity.wording import size_text

# ------------------------------------------------------------------------------------ sequence by sequence


def compare_sequences(seen: list[Seen]) -> Iterator[Finding]:
    """What only shows where sequences are compared with each other."""
    sizes = Counter(one.size for one in seen if one.size)
    usual = max(sizes, key=lambda size: (sizes[size], size), default=None)
    for one in seen:
        if one.size and one.size != usual:
            yield make_finding(
                "size-differs",
                one.subject,
                one.sequence,
                one.media,
                size_text(one.size),
                f"{size_text(usual)} as {sizes[usual]} of {sum(sizes.values())} sequences",
            )
    by_frames = defaultdict(list)
    by_codes = defaultdict(list)
    for one in seen:
        if one.fingerprint:
            by_frames[one.fingerprint].append((one, one.media))
        for file, digest in one.codes.items():
            by_codes[digest].append((one, file))
    for code, groups, expected in (
        ("frames-copied", by_frames, "frames of its own"),
        ("codes-copied", by_codes, "codes of its own"),
    ):
        for group in groups.values():
            if len(group) < 2:
                continue
            for place, (one, file) in enumerate(group):  # which one is wrong, nobody can tell from here
                twin, other = group[place == 0]
                found = f"the same as {twin.sequence}'s, {other}"
                yield make_finding(code, one.subject, one.sequence, file, found, expected)

    aus = Counter(one.aus for one in seen if one.aus)
    highest: dict[int, int] = {}
    for one in seen:
        for au, value in one.highest.items():
            highest[au] = max(value, highest.get(au, -1))
    if highest and max(highest.values()) == 1:
        yield make_finding("occurrence-codes", found="no intensity above 1 in any file", expected="0 to 5")
    for au, value in sorted(highest.items()):
        if value <= 0:
            yield make_finding("au-absent", found=f"AU{au:02d} never above 0", expected="some of it")
    widest = max(aus, key=lambda item: (aus[item], len(item)), default=())
    for one in seen:
        if (
            one.aus
            and not any(finding.code.startswith("label-") for finding in one.findings)
            and one.aus != widest
        ):
            named = [", ".join(f"AU{au:02d}" for au in item) for item in (one.aus, widest)]
            yield make_finding("aus-differ", one.subject, one.sequence, "", named[0], named[1])
