"""Alignment of a sequence: every frame accounted for, the same bytes every time."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g2rl.config.alignment import Alignment
from g2rl.errors import InputError
from g2rl.faces.align_sequence import align_sequence
from g2rl.faces.alignment import alignment_matrix
from g2rl.faces.jpeg import decode
from g2rl.faces.sequence_file import load_frames, read_sequence
from g2rl.faces.warp import transform_points
from tests.media import Frames, images_of, labels_of, landmarks_of, two_frames

numbers = st.integers(1, 30)


codes = st.sampled_from([-1, 0, 3, 5])


@settings(max_examples=60, deadline=None)
@given(
    media=st.dictionaries(numbers, st.tuples(st.booleans(), st.booleans()), min_size=1),
    coded=st.dictionaries(numbers, st.tuples(codes, codes)),
    exclude=st.frozensets(numbers, max_size=4),
    max_gap=st.integers(0, 4),
    drop_partial=st.booleans(),
    every=st.sampled_from([1, 1, 2, 3]),
)
def test_no_frame_is_lost_uncounted(tmp_path_factory, media, coded, exclude, max_gap, drop_partial, every):
    """Against the rules applied frame by frame: media = {number: (readable, has a face)}."""
    small = np.full((40, 40, 3), 90, np.uint8)
    source = Frames({number: small if readable else None for number, (readable, _) in media.items()})
    found = {number: readable and face for number, (readable, face) in media.items()}
    kept = sorted(number for number, intensity in coded.items() if intensity != (-1, -1))[::every]
    expected = {}
    for number, intensity in coded.items():
        before = [other for other in media if other <= number and found[other]]
        if intensity == (-1, -1):
            reason = "not_coded"
        elif number in exclude or number not in kept:
            reason = "excluded"
        elif drop_partial and -1 in intensity:
            reason = "partly_coded"
        elif number not in media:
            reason = "missing"
        elif not media[number][0]:
            reason = "unreadable"
        elif not before or number - max(before) > max_gap:
            reason = "no_face"
        else:
            reason = "used"
        expected.setdefault(reason, set()).add(number)

    out = tmp_path_factory.getbasetemp() / "counted.h5"
    counts = align_sequence(
        source,
        landmarks_of(found),
        labels_of(coded),
        "S",
        "S1",
        out,
        max_gap=max_gap,
        drop_partial=drop_partial,
        exclude=exclude,
        every=every,
    )
    reasons = ("excluded", "partly_coded", "missing", "unreadable", "no_face", "used")
    assert counts["coded"] == sum(counts[reason] for reason in reasons)
    for reason in (*reasons, "not_coded"):
        assert counts[reason] == len(expected.get(reason, ())), reason
    assert counts["frames"] == len(media)
    assert counts["no_label"] == len(media.keys() - coded.keys())
    used = sorted(expected.get("used", ()))
    assert counts["carried"] == sum(not found[number] for number in used)

    aligned = read_sequence(out)
    assert aligned.counts == counts
    assert aligned.frame.tolist() == used
    assert [tuple(row) for row in aligned.intensity.tolist()] == [coded[number] for number in used]
    assert decode(aligned.jpeg, aligned.offsets, range(len(used)), 64).shape == (len(used), 64, 64, 3)


def test_carried_landmarks_are_the_last_ones(tmp_path):
    found = {4: True, 5: False, 6: False, 9: False}
    align_sequence(
        Frames(images_of(found)),
        landmarks_of(found),
        labels_of(dict.fromkeys(found, (1, 1))),
        "S",
        "S1",
        tmp_path / "s.h5",
        max_gap=2,
    )
    aligned = read_sequence(tmp_path / "s.h5")
    assert aligned.frame.tolist() == [4, 5, 6]
    np.testing.assert_array_equal(aligned.landmarks[1:], np.repeat(aligned.landmarks[:1], 2, 0))


def test_a_sequence_that_yields_nothing_is_logged(tmp_path, caplog):
    counts = align_sequence(
        Frames(images_of([1, 2])),
        landmarks_of({1: False, 2: False}),
        labels_of({1: (0, 2), 2: (1, 1)}),
        "S",
        "F001_T1",
        tmp_path / "s.h5",
    )
    assert counts["used"] == 0
    assert "F001_T1: no frame can be used" in caplog.text
    aligned = read_sequence(tmp_path / "s.h5")
    assert aligned.landmarks.shape == (0, 68, 2)
    assert aligned.intensity.shape == (0, 2)
    assert load_frames(aligned, 64).shape == (0, 64, 64, 3)


def test_landmarks_of_other_media_are_refused(tmp_path):
    with pytest.raises(InputError, match="other media"):
        align_sequence(
            Frames(images_of([1, 2, 3])),
            landmarks_of({1: True, 2: True}),
            labels_of({1: (0, 2)}),
            "S",
            "S1",
            tmp_path / "s.h5",
        )
    assert not (tmp_path / "s.h5").exists()


def test_a_sequence_records_another_alignment(tmp_path):
    found = dict.fromkeys(range(3), True)
    one = Frames(images_of(found)), landmarks_of(found), labels_of(dict.fromkeys(found, (1, 1))), "S", "S1"
    chin = Alignment(anchors="eyes_chin", scale=0.9, detector="mediapipe")
    align_sequence(*one, tmp_path / "plain.h5")
    frames, landmarks, *rest = one
    landmarks = replace(landmarks, detector="mediapipe")
    align_sequence(frames, landmarks, *rest, tmp_path / "chin.h5", alignment=replace(chin, detector="dlib"))
    plain, other = (read_sequence(tmp_path / f"{name}.h5") for name in ("plain", "chin"))
    assert plain.alignment == Alignment()
    assert other.alignment == chin
    raw = landmarks_of(found).landmarks[0]
    expected = transform_points(alignment_matrix(raw, chin), raw)
    np.testing.assert_allclose(other.landmarks[0], expected, atol=1e-3)


def test_every_is_a_count(tmp_path):
    with pytest.raises(InputError, match="every: 0, expected 1 or more"):
        align_sequence(*two_frames(), "S", "S1", tmp_path / "s.h5", every=0)


def test_same_input_same_bytes(tmp_path):
    for name in "ab":
        align_sequence(
            Frames(images_of(range(5))),
            landmarks_of(dict.fromkeys(range(5), True)),
            labels_of({number: (number, 0) for number in range(5)}),
            "S",
            "S1",
            tmp_path / f"{name}.h5",
        )
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
