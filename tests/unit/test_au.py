"""The AU table: every set has locations on the face where FACS puts the muscle, and mirrors exactly."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from g2rl.action_units import (
    MIRROR,
    NAMES,
    Point,
    au_centres,
    au_points,
    centre_weights,
    format_centres,
    parse_centres,
    parse_points,
    point_au,
)
from g2rl.config import load
from g2rl.config.au_centres import centre_sets, centres_in_use
from g2rl.config.runs import runs, training_flags, used_centres
from g2rl.config.training import Training
from g2rl.config.values import choices, kinds
from g2rl.errors import InputError
from g2rl.reproducibility.code_digest import PACKAGE, stage_code

ROOT = Path(__file__).resolve().parents[2]
SETS = centre_sets()
DISFA = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
BP4D = (6, 10, 12, 14, 17)
coordinates = arrays(np.float64, (68, 2), elements=st.floats(-500, 500))


def test_the_sets_are_those_that_a_training_may_name():
    assert tuple(SETS) == choices(kinds(Training)["centres"])


def test_channel_counts_are_the_sibling_projects():
    assert len(au_points(BP4D, SETS["default"])) == 10
    assert len(au_points(DISFA, SETS["default"])) == 24
    assert np.bincount(point_au(DISFA, SETS["default"])).tolist() == [2, 2, 1, 2, 2, 3, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("name", SETS)
def test_weights_are_the_points_means(name):
    aus = tuple(SETS[name])
    landmarks = np.random.default_rng(0).normal(size=(68, 2))
    r = np.linalg.norm(landmarks[42] - landmarks[39])
    expected = [
        landmarks[list(point.landmarks)].mean(0) + np.array([0, point.down * r])
        for au in aus
        for point in SETS[name][au]
    ]
    assert np.allclose(au_centres(landmarks, aus, SETS[name]), expected, atol=1e-6)
    assert np.allclose(centre_weights(aus, SETS[name])[0].sum(1), 1)


@given(coordinates, st.floats(-100, 100), st.floats(0.1, 10))
def test_centres_move_and_scale_with_the_face(landmarks, shift, scale):
    for table in SETS.values():
        moved = au_centres(landmarks * scale + shift, tuple(table), table)
        assert np.allclose(moved, au_centres(landmarks, tuple(table), table) * scale + shift, atol=1e-2)


# LibreFace's code has one point off the midline for both: (landmark 61 + landmark 64) / 2.
OFF_MIDLINE = {("libreface", 25), ("libreface", 26)}


@pytest.mark.parametrize("name", SETS)
def test_a_mirrored_face_has_mirrored_centres(name):
    for au, points in SETS[name].items():
        mirrored = {Point(tuple(sorted(MIRROR[list(p.landmarks)].tolist())), p.down) for p in points}
        own = {Point(tuple(sorted(p.landmarks)), p.down) for p in points}
        assert (mirrored == own) is ((name, au) not in OFF_MIDLINE), f"AU{au}"


def test_mirror_is_an_involution_that_keeps_the_midline():
    assert np.array_equal(MIRROR[MIRROR], np.arange(68))
    assert np.flatnonzero(np.arange(68) == MIRROR).tolist() == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]


def test_jaanets_points_are_those_of_its_49():
    """Its code numbers 49 points from 0: the 68 without the jaw and without the corners of the inner lips."""
    of_49 = [point for point in range(17, 68) if point not in (60, 64)]
    assert (of_49[22], of_49[25]) == (39, 42)  # its ruler, 22 to 25, is the inner-eye distance
    assert SETS["jaanet"][10] == tuple(Point((of_49[point],)) for point in (43, 45))
    assert SETS["jaanet"][12] == tuple(Point((of_49[point],)) for point in (31, 37))
    assert SETS["jaanet"][6] == tuple(Point((of_49[point],), 1.0) for point in (24, 29))
    assert SETS["jaanet"][25] == tuple(Point((of_49[point],)) for point in (34, 40))
    assert SETS["jaanet"][26] == tuple(Point((of_49[point],), 0.5) for point in (39, 41))


POINTS = st.builds(
    Point,
    st.lists(st.integers(0, 67), min_size=1, max_size=4).map(tuple),
    st.sampled_from([0.0, 0.5, -1 / 3, 1.0]),
)


@given(st.dictionaries(st.integers(1, 99), st.lists(POINTS, min_size=1, max_size=3).map(tuple)))
def test_the_notation_holds_every_number_exactly(centres):
    assert parse_centres(format_centres(centres)) == centres


@pytest.mark.parametrize("text", ["", "68", "3+", "a", "3@", "3,4", "3 4+-1"])
def test_what_is_no_point_is_refused(text):
    with pytest.raises(InputError, match="no point of an AU"):
        parse_points(text)
    with pytest.raises(InputError, match=r"no point of an AU|expected an AU and its points"):
        parse_centres(f"12: {text}")


def test_an_au_without_location_is_named_with_the_sets_that_have_one():
    with pytest.raises(InputError, match=r"fgnet.*AU20.*default.*libreface"):
        centres_in_use("fgnet", "", [20])
    with pytest.raises(InputError, match=r"AU99; give it one in au_centres of .*docs/own-data\.md"):
        centres_in_use("default", "", [99])
    with pytest.raises(InputError, match=r"no location for AU07 \(Lid tightener\)"):
        centres_in_use("default", "12: 48", [7])


def test_two_sets_have_every_au_of_both_datasets():
    every = set(DISFA) | set(BP4D)
    assert every == set(SETS["default"]) == set(SETS["libreface"]) < set(NAMES)
    assert every - set(SETS["jaanet"]) == every - set(SETS["fgnet"]) == {5, 20}
    assert SETS["libreface"][25] == SETS["libreface"][26] == (Point((61, 64)),)
    assert list(NAMES) == sorted(NAMES)


def config(**more):
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    return load.parse(values | more, "my.yaml")


def test_centres_of_ones_own_come_before_the_sets():
    own = config(au_centres={7: "37+41 44+46", 12: 48})
    assert used_centres(own, [6, 7, 12]) == {
        6: SETS["default"][6],
        7: (Point((37, 41)), Point((44, 46))),
        12: (Point((48,)),),
    }
    with pytest.raises(InputError, match=r"my\.yaml: au_centres\.7: '99'.*expected landmarks from 0 to 67"):
        config(au_centres={7: "99"})


def test_a_new_centre_reruns_only_what_uses_it(tmp_path):
    """The parameters of the stages of a dataset without the AU stay as they are."""
    package = tmp_path / "g2rl"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "resources/au_centres.tsv").open("a", encoding="utf-8") as table:
        table.write("default\t7\t37+41 44+46\n")
    lock = ROOT / "requirements.lock"
    for stage in ("train", "test", "image_free", "metrics", "figure4", "table"):
        assert stage_code(stage, lock, package) == stage_code(stage, lock)
    before, after = config(), config(au_centres={7: "37+41 44+46"})
    for run in runs(before):
        assert training_flags(before, run, DISFA) == training_flags(after, run, DISFA)
        assert "7: 37+41 44+46" in " ".join(training_flags(after, run, (*DISFA, 7)))
