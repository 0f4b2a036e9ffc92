"""Overlay, timeline and summary of ``g2rl predict``, from estimates made by hand."""

from dataclasses import replace
from functools import partial

import av
import cv2
import numpy as np
import pandas as pd
import pytest

from g2rl.errors import InputError
from g2rl.inference.outputs.heat import intensity_maps, to_map
from g2rl.inference.outputs.overlay import OverlayPhotos, OverlayVideo
from g2rl.inference.outputs.page import Page
from g2rl.inference.outputs.painter import FACE_COLOURS, Painter, scaled
from g2rl.inference.outputs.series import Series
from g2rl.inference.outputs.summary import Event, Summary, find_events, summarise
from g2rl.inference.outputs.timeline import MOST_STEPS, Timeline, reduce_steps
from tests.estimates import AUS, face, frames, nan, write


def decode(path):
    with av.open(str(path)) as container:
        return [(float(frame.time), frame) for frame in container.decode(video=0)]


def test_the_overlay_shows_each_frame_when_the_original_does(tmp_path):
    times = [0.0, 0.04, 0.1, 0.5, 0.51]
    given = frames(times, [face()])
    given[2] = replace(given[2], image=None)  # shows the one before
    write(OverlayVideo(tmp_path / "clip.overlay.mp4", AUS, 25), given)
    shown = decode(tmp_path / "clip.overlay.mp4")
    assert np.allclose([time for time, _ in shown], [0.0, 0.04, 0.5, 0.51], atol=1e-4)
    frame = shown[0][1]
    assert frame.format.name == "yuv420p"
    assert frame.width % 2 == frame.height % 2 == 0
    content = (tmp_path / "clip.overlay.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # plays before all of it is there


def test_a_film_that_starts_with_damage_or_has_no_times(tmp_path):
    given = [replace(frame, timestamp=nan) for frame in frames(range(4))]
    given[0] = replace(given[0], image=None)
    write(OverlayVideo(tmp_path / "a.mp4", AUS, 10), given)
    shown = decode(tmp_path / "a.mp4")
    assert np.allclose([time for time, _ in shown], [0, 0.1, 0.2, 0.3])
    assert shown[0][1].to_ndarray(format="gray").mean() < 30  # black
    assert shown[1][1].to_ndarray(format="gray").mean() > 50


def test_nothing_is_left_of_an_overlay_that_fails(tmp_path):
    with pytest.raises(AttributeError):
        write(OverlayVideo(tmp_path / "a.mp4", AUS, 25), [*frames([0.0]), None])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "name"), [(OverlayVideo, "a.mp4"), (partial(Page, model=""), "a.html")])
def test_a_full_disk_is_one_line_and_leaves_nothing(mount, tmp_path, kind, name):
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    with mount(tmp_path, "-t", "tmpfs", "-o", "size=200k", "tmpfs"):
        with pytest.raises(InputError, match=f"{name}: .*the disk is full"):
            write(kind(tmp_path / name, AUS, 25), frames(np.arange(60) / 25, [face()], noise))
        assert list(tmp_path.iterdir()) == []


def test_photos_keep_their_names(tmp_path):
    (frame,) = frames([nan], [face()])
    write(OverlayPhotos(tmp_path / "b", AUS), [replace(frame, file=name) for name in ("a.png", "a.JPG")])
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["a.JPG", "a.png.jpg"]
    write(OverlayPhotos(tmp_path / "b.overlay.jpg", AUS), [frame])
    drawn = Painter(AUS, 121, 161).draw(frame)
    assert cv2.imread(str(tmp_path / "b.overlay.jpg")).shape == drawn.shape


def test_no_folder_is_left_of_photos_that_fail(tmp_path):
    (frame,) = frames([nan], [face()])
    with pytest.raises(AttributeError):
        write(OverlayPhotos(tmp_path / "b.overlay", AUS), [frame, None])
    assert list(tmp_path.iterdir()) == []


def test_bars_are_as_long_as_the_intensities():
    painter = Painter(AUS, 360, 640)
    (frame,) = frames([0.0], [face((1.0, 4.0))], np.zeros((360, 640, 3), np.uint8))
    panel = painter.draw(frame)[:, 640:]
    row = [round(painter._line * (number + 0.5)) for number in (1, 2)]
    lengths = [(panel[y] == FACE_COLOURS[0]).all(-1).sum() for y in row]
    assert lengths[1] / lengths[0] == pytest.approx(4, rel=0.05)


def test_heat_lies_where_the_heatmap_has_its_maximum():
    """The peak of AU12 at (12, 10) of 16×16 lies at (12.5, 10.5) / 16 of the face's square."""
    black = np.zeros((360, 640, 3), np.uint8)
    (frame,) = frames(
        [0.0], [replace(face((0.0, 5.0), at=(100.0, 50.0)), landmarks=np.zeros((68, 2)))], black
    )
    drawn = Painter(AUS, 360, 640).draw(frame)[52:112, 102:162].astype(int)  # within the box
    y, x = np.add(np.argwhere(drawn.sum(-1) > 0.9 * drawn.sum(-1).max()).mean(0), (52, 102))
    assert (x, y) == pytest.approx((100 + 64 * 12.5 / 16 - 0.5, 50 + 64 * 10.5 / 16 - 0.5), abs=1.0)


def test_a_heatmap_peaks_at_its_intensity_whatever_the_networks_units():
    one = face((0.5, 4.0))
    assert intensity_maps(one).max((1, 2)).tolist() == pytest.approx([0.5, 4.0])
    twice = scaled(one, 2.0)
    assert np.allclose(
        to_map(twice, 16) @ (2 * 70.0 + 0.5, 2 * 50.0 + 0.5, 1), to_map(one, 16) @ (70.0, 50.0, 1)
    )


@pytest.mark.parametrize(
    ("intensity", "events"),
    [
        ([0, 0.6, 1.2, 2.0, 0.7, 0.4, 0], [Event(1, 3, 4)]),
        ([0.6, 0.9, 0.9, 0.6], []),  # never present
        ([1.2, 0.6, 0.9, 1.5, 1.5], [Event(0, 3, 4)]),  # dips between the thresholds; first maximum
        ([0, 3, 3, 0, 0], []),  # too short
        ([2, 2, 2, nan, 3, 3, 3], [Event(0, 0, 2), Event(4, 4, 6)]),  # a frame that is not trusted ends it
        ([], []),
    ],
)
def test_events(intensity, events):
    assert find_events(np.array(intensity, float)) == events


def test_summary_weights_by_time_and_leaves_out_what_is_not_trusted(tmp_path):
    times = [0.0, 1.0, 2.0, 4.0, 5.0, 6.0]  # the third frame lasts two seconds
    given = [
        *frames(times[:1], [face((0, 0))]),
        *frames(times[1:2], [face((2, 0)), face((5, 5), 3)]),
        *frames(times[2:3], [face((1, 0))]),
        *frames(times[3:4], [face((4, 0))]),
        *frames(times[4:5], [face((5, 5), success=False)]),
        *frames(times[5:]),
    ]
    write(Summary(tmp_path / "clip.summary.csv", AUS, 25, "rendered faces"), given)
    rows = pd.read_csv(tmp_path / "clip.summary.csv").set_index(["face_id", "au"])
    first = rows.loc[(0, "AU06")]
    assert first["seconds"] == 5
    assert first["mean"] == pytest.approx((0 + 2 + 1 * 2 + 4) / 5)
    assert first["peak"] == 4
    assert first["share_at_least_1"] == pytest.approx(4 / 5)
    assert first["name"] == "Cheek raiser"
    assert first["model"] == "rendered faces"
    assert rows.loc[(3, "AU12"), ["mean", "share_at_least_1"]].tolist() == [5, 1]
    events = pd.read_csv(tmp_path / "clip.events.csv")
    assert events.values.tolist() == [[0, "AU06", 1, 1.0, 4.0, 4.0, 4.0]]


def test_a_summary_of_no_frame_and_of_no_trusted_face():
    series = Series(AUS, 25)
    assert summarise(series)[0].empty
    series.add(frames([nan], [face(success=False)])[0])
    assert summarise(series)[0]["mean"].isna().all()


@pytest.mark.parametrize("times", [[], [0.0]])
def test_the_timeline_is_drawn_of_any_number_of_frames(tmp_path, times):
    given = frames(times, [face(), face(face_id=4, success=False)])
    write(Timeline(tmp_path / "clip.timeline.png", AUS, 25, "rendered faces"), given)
    image = cv2.imread(str(tmp_path / "clip.timeline.png"))
    assert image.shape[1] == 1400
    assert image.std() > 10


def test_a_single_doubtful_frame_is_shaded_for_as_long_as_it_lasts(tmp_path):
    given = [frame for n in range(10) for frame in frames([n / 10], [face((0, 0), success=n != 4)])]
    write(Timeline(tmp_path / "a.timeline.png", AUS, 10, ""), given)
    image = cv2.imread(str(tmp_path / "a.timeline.png"), cv2.IMREAD_GRAYSCALE)
    grey = np.flatnonzero((image == round(0.78 * 255)).sum(0) > 60)  # columns; the legend's patch is lower
    left, width = 0.215 * 1400, 0.755 * 1400
    assert np.allclose(((grey[0], grey[-1] + 1) - np.array(left)) / width, (0.4, 0.5), atol=0.002)


def test_fewer_steps_keep_every_peak_and_every_doubt():
    rng = np.random.default_rng(0)
    edges, intensity = np.arange(10_001) / 25, rng.uniform(0, 5, (10_000, 2)).astype(np.float32)
    intensity[777], success = nan, rng.random(10_000) < 0.9
    fewer_edges, highest, trusted = reduce_steps(edges, intensity, success)
    assert len(trusted) == len(highest) == len(fewer_edges) - 1 <= MOST_STEPS
    at = np.searchsorted(fewer_edges, edges[:-1], side="right") - 1
    for step in range(0, len(trusted), 97):
        assert highest[step].tolist() == np.nanmax(intensity[at == step], 0).tolist()
        assert trusted[step] == success[(at == step) & np.isfinite(intensity[:, 0])].all()
