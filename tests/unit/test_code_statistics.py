"""Warnings from the statistics of codes: planted faults are found, and codes without a fault give none."""

from pathlib import Path

import numpy as np
import pytest

from g2rl.datasets.integrity.code_statistics import compare_codes
from g2rl.datasets.integrity.motion import MotionMeter, swapped_subjects
from g2rl.datasets.integrity.seen import Seen
from g2rl.datasets.registry import get_layout

AUS = (4, 6, 12, 25)
FRAMES = 1200


def course(random: np.random.Generator, count: int = FRAMES) -> np.ndarray:
    """(count,) smooth activity around 0, one deviation."""
    return np.interp(np.arange(count), np.arange(0, count + 12, 12), random.normal(size=(count + 23) // 12))


def people(seed: int, count: int = 12) -> list[Seen]:
    """Sequences of several subjects: AU06 goes with AU12, AU04 is rare, AU25 frequent; everybody differs."""
    random = np.random.default_rng(seed)
    seen = []
    for place in range(count):
        smile, frown, lips = (course(random) for _ in range(3))
        offsets = random.normal(scale=0.25, size=4)
        signals = [frown - 1.2, smile + 0.3 * course(random) - 0.4, smile, lips + 0.6]
        codes = [np.clip(np.round(2 * (one + off)), 0, 5) for one, off in zip(signals, offsets, strict=True)]
        one = Seen(f"s{place}", f"P{place}", Path("/data"), aus=AUS, label_file=f"s{place}.csv")
        one.frame = np.arange(1, FRAMES + 1, dtype=np.int32)
        one.intensity = np.stack(codes, axis=1).astype(np.int8)
        changes = np.abs(np.diff(one.intensity.astype(int), axis=0, prepend=one.intensity[:1]))
        motion = changes[:, [2, 3]].sum(axis=1) - changes[:, [0, 1]].sum(axis=1) + random.normal(0, 2, FRAMES)
        one.motion = np.append(0, motion)
        seen.append(one)
    return seen


def found(seen: list[Seen]) -> list[tuple[str, str]]:
    return [(finding.code, finding.sequence) for finding in compare_codes(get_layout("table"), seen)]


@pytest.fixture(autouse=True)
def nothing_published(monkeypatch):
    monkeypatch.setattr(type(get_layout("table")), "published", lambda layout, root: {})


@pytest.mark.parametrize("seed", range(6))
def test_codes_without_a_fault_give_no_warning(seed):
    assert found(people(seed)) == []


@pytest.mark.parametrize("seed", range(6))
def test_two_aus_exchanged(seed):
    seen = people(seed)
    seen[5].intensity = seen[5].intensity[:, [2, 1, 0, 3]]
    assert found(seen) == [("aus-swapped", "s5")]
    (finding,) = compare_codes(get_layout("table"), seen)
    assert "AU04 and AU12" in finding.found
    assert found(seen[:8]) == []  # too few others


@pytest.mark.parametrize("seed", range(6))
def test_two_subjects_exchanged(seed):
    seen = people(seed)
    seen[2].intensity, seen[7].intensity = seen[7].intensity, seen[2].intensity
    assert found(seen) == [("subjects-swapped", "s2"), ("subjects-swapped", "s7")]
    for one in seen:
        one.frame, one.intensity = one.frame[:900], one.intensity[:900]
    assert list(swapped_subjects(seen)) == []  # too short to tell


def test_many_videos_of_one_length_in_which_nothing_goes_together_give_no_warning():
    random, blink = np.random.default_rng(0), np.arange(FRAMES) % 2
    seen = []
    for place in range(300):
        one = Seen(f"s{place}", f"P{place}", Path("/data"), aus=AUS, label_file=f"s{place}.csv")
        one.frame = np.arange(1, FRAMES + 1, dtype=np.int32)
        one.intensity = np.stack([blink * (course(random) > 0) for _ in AUS], axis=1).astype(np.int8)
        one.motion = np.append(0, course(random))
        seen.append(one)
    assert list(swapped_subjects(seen)) == []


def test_codes_that_end_early():
    seen = people(0)
    seen[3].intensity[800:] = 0
    assert [one for one in found(seen) if one[0] == "codes-constant"] == [("codes-constant", "s3")]
    short = people(0)
    for one in short:
        one.frame, one.intensity = one.frame[:90], one.intensity[:90]
        one.intensity[40:] = 0
    assert "codes-constant" not in {code for code, _ in found(short)}


def test_totals_of_disfa_unlike_the_published_ones():
    layout, random = get_layout("disfa"), np.random.default_rng(0)
    shares = {1: 5.0, 2: 4.0, 4: 15.0, 6: 7.9, 9: 4.2, 12: 12.9, 25: 27.8, 26: 8.9}
    seen = []
    for name in layout.published(Path()):
        one = Seen(name, name, Path(), aus=layout.aus)
        one.frame = np.arange(1, 4846, dtype=np.int32)
        chance = [shares.get(au, 3.0) / 100 for au in layout.aus]
        one.intensity = (2 * (random.random((4845, 12)) < chance)).astype(np.int8)
        seen.append(one)
    assert [f.code for f in compare_codes(layout, seen)] == []
    for one in seen:  # AU04 and AU06 of all label files exchanged: no comparison of sequences sees it
        one.intensity[:, [2, 4]] = one.intensity[:, [4, 2]]
    findings = list(compare_codes(layout, seen))
    assert [f.code for f in findings] == ["totals-differ"] * 2
    assert findings[0].found.startswith("AU04 at 2 or above in 7.")
    assert findings[0].expected == "15.0 %"
    assert list(compare_codes(layout, seen[1:])) == []  # not all of it is there


def test_motion_of_a_video():
    meter = MotionMeter()
    still, head, mouth = (np.full((96, 128), 100, np.uint8) for _ in range(3))
    head[:] = 104
    mouth[48:72] = 104  # the lower half of the face's place
    for number, image in enumerate([still, still, head, None, still, mouth], 1):
        meter.add(number, image)
    np.testing.assert_allclose(meter.by_number(), [0, 0, 0, 0, 0, 0, np.log(4.05 / 0.05)], rtol=1e-6)
    assert len(MotionMeter().by_number()) == 0
