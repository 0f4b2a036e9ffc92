"""What only the statistics of codes show: constant ends, AUs exchanged, totals unlike the published ones.

Each test sees the codes alone; what it cannot see is said in the meaning of its finding.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.motion import swapped_subjects
from g2rl.datasets.integrity.seen import Seen
from g2rl.io.tables import RESOURCES, read_rows

SHORTEST = 100  # frames; below this a constant end is no news
TAIL = 0.2  # of the sequence, and twice the longest constant stretch before it
OTHERS = 8  # sequences, from which on they say what is usual
FLOORS = (0.1, 0.25)  # least deviations over sequences: of asin √prevalence, of a correlation's Fisher z
GAIN, ODD, USUAL = 25.0, 4.0, 2.5  # squared deviations: gained by exchanging two AUs; mean before; mean after
TOLERANCE = 0.3  # percentage points; the published shares are rounded to 0.1


def compare_codes(layout: Layout, seen: Sequence[Seen]) -> Iterator[Finding]:
    """The findings of all these tests."""
    for one in seen:
        yield from _constant_end(one)
    yield from _swapped_aus(seen)
    yield from swapped_subjects(seen)
    yield from _other_totals(layout, seen)


def _constant_end(one: Seen) -> Iterator[Finding]:
    """A sequence all of whose AUs stay as they are from a frame on."""
    count = len(one.frame)
    if count < SHORTEST:
        return
    changes = 1 + np.flatnonzero((np.diff(one.intensity, axis=0) != 0).any(axis=1))
    if not len(changes):
        return
    tail = count - changes[-1]
    before = np.diff(np.concatenate([[0], changes])).max()
    if tail >= TAIL * count and tail > 2 * before:
        found = f"no AU changes from frame {one.frame[changes[-1]]} on, in the last {tail} of {count} frames"
        yield _about(one, "codes-constant", found, f"changes, at most {before} frames apart before")


def _about(one: Seen, code: str, found: str, expected: str) -> Finding:
    return make_finding(code, one.subject, one.sequence, one.label_file, found, expected)


def _swapped_aus(seen: Sequence[Seen]) -> Iterator[Finding]:
    """Sequences in which two AUs behave as each other do in all other sequences.

    Compared are how often an AU occurs, asin √p, and Fisher's z of its correlation with each other AU,
    in units of their deviation over the other sequences.
    """
    aus = _most_frequent_aus(seen)
    same = [one for one in seen if one.aus == aus and len(one.frame) > 1]
    if len(same) <= OTHERS or len(aus) < 2:
        return
    prevalence = np.stack([_prevalence(one.intensity) for one in same])
    correlation = np.stack([_correlation(one.intensity) for one in same])
    usual = [_of_others(prevalence, FLOORS[0]), _of_others(correlation, FLOORS[1])]
    for place, one in enumerate(same):
        distances = _pair_distances(
            (prevalence[place], correlation[place]),
            [(mean[place], deviation[place]) for mean, deviation in usual],
        )
        pair, distance = max(distances.items(), key=lambda item: item[1][0] - item[1][1])
        if _look_exchanged(*distance):
            names = " and ".join(f"AU{aus[column]:02d}" for column in pair)
            yield _about(one, "aus-swapped", f"{names} look exchanged", f"each as in {len(same) - 1} others")


def _look_exchanged(before: float, after: float, features: int) -> bool:
    """Whether two AUs fit the other sequences only when exchanged; see ``_pair_distances``."""
    return before - after > GAIN and before > ODD * features and after < USUAL * features


def _most_frequent_aus(seen: Sequence[Seen]) -> tuple[int, ...]:
    """The AUs that most sequences code; none without sequences."""
    return max((one.aus for one in seen), key=lambda item: sum(one.aus == item for one in seen), default=())


def _of_others(values: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation, at least ``floor``, over the other sequences, for each (S,…); NaN is no value."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    count = np.maximum(known.sum(axis=0) - known, 1)
    mean = (filled.sum(axis=0) - filled) / count
    square = ((filled**2).sum(axis=0) - filled**2) / count
    return mean, np.maximum(np.sqrt(np.maximum(square - mean**2, 0.0)), floor)


def _prevalence(intensity: np.ndarray) -> np.ndarray:
    """(K,) asin √ of the share of coded frames in which each AU occurs; intensity (N,K). NaN: not coded."""
    coded = (intensity >= 0).sum(axis=0)
    share = np.divide((intensity > 0).sum(axis=0), coded, out=np.full(len(coded), np.nan), where=coded > 0)
    return np.arcsin(np.sqrt(share))


def _correlation(intensity: np.ndarray) -> np.ndarray:
    """(K,K) Fisher's z of the correlation of each two AUs; NaN where one of them is constant."""
    codes = np.maximum(intensity, 0).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = codes - codes.mean(axis=0)
        length = np.sqrt((centred**2).sum(axis=0))
        length[length == 0] = np.nan
        return np.arctanh(np.clip((centred / length).T @ (centred / length), -0.99, 0.99))


def _pair_distances(
    own: tuple[np.ndarray, np.ndarray], usual: Sequence[tuple[np.ndarray, np.ndarray]]
) -> dict[tuple[int, int], tuple[float, float, int]]:
    """For each two AUs, the squared deviations of their features as they are and exchanged, and how many.

    Args:
        own: prevalence (K,) and correlation (K,K) of a sequence.
        usual: mean and deviation of both over the other sequences.
    """
    (mean, deviation), (mean_z, deviation_z) = usual
    distances = {}
    for a, b in combinations(range(len(mean)), 2):
        rest = [k for k in range(len(mean)) if k not in (a, b)]
        sides = []
        for x, y in ((a, b), (b, a)):  # x takes the place of a, y that of b
            deviations = [
                (own[0][[x, y]] - mean[[a, b]]) / deviation[[a, b]],
                (own[1][x, rest] - mean_z[a, rest]) / deviation_z[a, rest],
                (own[1][y, rest] - mean_z[b, rest]) / deviation_z[b, rest],
            ]
            sides.append(np.concatenate(deviations) ** 2)
        known = ~np.isnan(sides[0]) & ~np.isnan(sides[1])
        before, after = (float(side[known].sum()) for side in sides)
        distances[a, b] = before, after, max(1, int(known.sum()))
    return distances


def _other_totals(layout: Layout, seen: Sequence[Seen]) -> Iterator[Finding]:
    """AUs whose share of frames at an intensity is not the published one, where all sequences are there."""
    published = {name for name, coded in layout.published(seen[0].root).items() if coded} if seen else set()
    if not published or {one.sequence for one in seen if len(one.aus) == len(layout.aus)} != published:
        return
    for row in read_rows(RESOURCES / "published_totals.csv"):
        if row["dataset"] != layout.title:
            continue
        place, least = layout.aus.index(int(row["au"])), int(row["at_least"])
        codes = np.concatenate([one.intensity[:, place] for one in seen])
        share = 100 * float((codes[codes >= 0] >= least).mean())
        if abs(share - float(row["percent"])) > TOLERANCE:
            found = f"AU{int(row['au']):02d} at {least} or above in {share:.1f} % of all frames"
            yield make_finding("totals-differ", found=found, expected=f"{float(row['percent']):.1f} %")
