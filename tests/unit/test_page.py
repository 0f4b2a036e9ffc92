"""The page of ``g2rl predict``: what is in the file, and how it answers in headless Chromium."""

import base64
import io
import json
import re
import shutil
import zlib
from dataclasses import replace

import av
import cv2
import numpy as np
import pandas as pd
import pytest

from g2rl.inference.outputs.page import CHUNK, LEVELS, Page
from tests.estimates import AUS, face, frames, write

COUNT = CHUNK + 6  # frames: more than one chunk of heatmaps
TIMES = np.cumsum([0, *np.tile([0.04, 0.06], COUNT)])[:COUNT]


def intensity_at(index):
    """AU6 rises from 0 to 4 over the film; AU12 of every second frame is 3."""
    return 4 * index / (COUNT - 1), 3.0 * (index % 2)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Face 0 in every frame, doubtful in frame 11; face 3 in the last ten. Frame n has grey level n − 1."""
    path = tmp_path_factory.mktemp("page") / "</script> & film.html"
    estimates = []
    for index, time in enumerate(TIMES):
        found = [face(intensity_at(index), success=index != 10)]
        found += [face((2.0, 1.0), face_id=3, at=(90.0, 30.0))] if index >= COUNT - 10 else []
        estimates += frames([time], found, np.full((121, 161, 3), index, np.uint8))
        estimates[-1] = replace(estimates[-1], frame=index + 1, file="</script> & film.mp4")
    write(Page(path, AUS, 25, "trained on <b>rendered</b> faces"), estimates)
    return path


def elements(page, name):
    return re.findall(rf'<script type="[\w/]+" (?:class|id)="{name}">([^<]*)</script>', page.read_text())


def inflated(text, kind):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), kind)


def test_the_page_holds_all_numbers_and_asks_for_nothing_else(page):
    text = page.read_text()
    assert not re.search(r'(?:src|href)="|https?:|@import|url\(', text)
    about = json.loads(elements(page, "about")[0])
    assert about["file"] == "</script> & film.mp4"
    assert [name for name, _ in about["aus"]] == ["AU06", "AU12"]
    rows = inflated(elements(page, "rows")[0], "<f4").reshape(-1, about["columns"])
    assert len(rows) == COUNT + 10
    first = rows[rows[:, 1] == 0]
    assert np.allclose(first[:, -2:], [intensity_at(index) for index in range(COUNT)])
    assert np.flatnonzero(first[:, 2] == 0).tolist() == [10]
    chunks = [inflated(each, np.uint8) for each in elements(page, "heat")]
    peaks = np.concatenate([each.reshape(2, -1, 16 * 16).max(2).T for each in chunks])
    assert np.abs(peaks * 5 / (LEVELS - 1) - rows[:, -2:]).max() < 0.1


def test_frame_0_is_shown_as_0(tmp_path):
    (frame,) = frames([0.0], [face()])
    write(Page(tmp_path / "a.html", AUS, 25, ""), [replace(frame, frame=0)])
    assert inflated(elements(tmp_path / "a.html", "frames")[0], "<f8").tolist() == [0, 0]


def test_the_pages_video_keeps_the_times(page):
    with av.open(io.BytesIO(base64.b64decode(elements(page, "video")[0]))) as container:
        shown = [
            (float(frame.time), frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)
        ]
    assert np.allclose([time for time, _ in shown], TIMES, atol=1e-4)
    assert np.allclose([grey for _, grey in shown], np.arange(COUNT), atol=3)


def test_nothing_is_left_of_a_page_that_fails(tmp_path):
    with pytest.raises(AttributeError):
        write(Page(tmp_path / "a.html", AUS, 25, ""), [*frames([0.0], [face()]), None])
    assert list(tmp_path.iterdir()) == []


def test_a_page_of_a_frame_without_a_face_has_no_row(tmp_path):
    write(Page(tmp_path / "a.html", AUS, 25, ""), frames([0.0]))
    assert len(inflated(elements(tmp_path / "a.html", "rows")[0], "<f4")) == 0
    assert elements(tmp_path / "a.html", "heat") == []


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("there is no Chromium")
    with playwright.sync_playwright() as driver:
        with_root = ["--no-sandbox"]
        started = driver.chromium.launch(executable_path=chromium, args=with_root)
        yield started
        started.close()


@pytest.fixture
def opened(browser, page):
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    faults, requests = [], []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(page.as_uri())
    tab.wait_for_selector("body[data-ready]")
    tab.wait_for_function("document.querySelector('video').readyState >= 2")
    yield tab
    assert faults == []
    assert all(url.startswith(("file:", "blob:")) for url in requests)
    tab.close()


def settled(tab, number):
    """Wait until a frame is shown by the video too; then its picture's grey level."""
    tab.wait_for_function(f"document.querySelector('#where').textContent.endsWith('frame {number}')")
    tab.wait_for_function("(v => !v.seeking)(document.querySelector('video'))")
    tab.wait_for_timeout(100)
    return tab.evaluate(
        """() => { const context = document.createElement('canvas').getContext('2d');
        context.drawImage(document.querySelector('video'), 0, 0, 8, 8);
        return context.getImageData(2, 2, 1, 1).data[0]; }"""
    )


def saved(tab, button):
    with tab.expect_download() as download:
        tab.click(button)
    return download.value.path()


@pytest.mark.browser
def test_scrubbing_moves_video_values_and_cursor_together(opened):
    assert opened.inner_text("h1") == "</script> & film.mp4"
    assert opened.inner_text("#model") == "trained on <b>rendered</b> faces"
    for number in (36, 12, 70):
        opened.locator("#scrub").fill(str(number - 1))
        assert abs(settled(opened, number) - (number - 1)) <= 3
        values = opened.locator("td.value").all_inner_texts()
        highest = (
            np.maximum(intensity_at(number - 1), (2, 1)) if number > COUNT - 10 else intensity_at(number - 1)
        )
        assert np.abs(np.array(values, float) - highest).max() <= 0.051
    chart = opened.locator("#plot").bounding_box()
    opened.mouse.click(chart["x"] + 184 + 0.5 * (chart["width"] - 194), chart["y"] + 20)
    middle = int(np.searchsorted(TIMES, 0.5 * (TIMES[-1] + 0.04), side="right"))
    assert abs(settled(opened, middle) - (middle - 1)) <= 3
    cursor = opened.locator("#cursor").bounding_box()
    at = 184 + TIMES[middle - 1] / (TIMES[-1] + 0.04) * (chart["width"] - 194)
    assert cursor["x"] - chart["x"] == pytest.approx(at, abs=1)
    opened.mouse.move(chart["x"] + 192, chart["y"] + 40)
    assert "AU12 Lip corner puller" in opened.inner_text("#tip")


@pytest.mark.browser
def test_keys(opened):
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowLeft")
    settled(opened, 2)
    opened.keyboard.press("Shift+ArrowRight")
    settled(opened, 22)  # from 0.04 to 1.04 s
    opened.keyboard.press("Home")
    settled(opened, 1)
    opened.keyboard.press("Space")
    opened.wait_for_function("Number(document.querySelector('#scrub').value) > 3")
    opened.keyboard.press("Space")
    assert opened.evaluate("document.querySelector('video').paused")
    opened.keyboard.press("End")
    assert abs(settled(opened, COUNT) - (COUNT - 1)) <= 3
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowDown")
    assert opened.locator("#heat").evaluate("box => box.selectedOptions[0].text") == "AU06 Cheek raiser"


def red(tab, x, y):
    """How opaque and how red the heatmap is at a point of the image."""
    return tab.evaluate(
        """([x, y]) => { const c = document.querySelector('#over'), s = c.width / 161;
        return [...c.getContext('2d').getImageData((x + 0.5) * s, (y + 0.5) * s, 1, 1).data]; }""",
        [x, y],
    )


@pytest.mark.browser
def test_the_chosen_aus_heatmap_lies_on_the_face(opened):
    """The peaks of AU6 and AU12, at (3, 5) and (12, 10) of 16×16, in the square at (40, 30)."""
    points = {
        "AU06": (40 + 4 * 3.5 - 0.5, 30 + 4 * 5.5 - 0.5),
        "AU12": (40 + 4 * 12.5 - 0.5, 30 + 4 * 10.5 - 0.5),
    }
    opened.locator("#boxes").uncheck()
    opened.locator("#scrub").fill("59")
    settled(opened, 60)
    for chosen, other in (("AU06", "AU12"), ("AU12", "AU06")):
        opened.get_by_role("button", name=chosen).click()
        opened.wait_for_timeout(150)
        r, g, b, opacity = red(opened, *points[chosen])
        assert opacity > 100
        assert r > g + 100 > b
        assert red(opened, *points[other])[3] == 0


@pytest.mark.browser
def test_what_is_saved_is_what_is_chosen(opened):
    opened.get_by_label("Timeline of AU06 Cheek raiser").uncheck()
    opened.get_by_label("face 0").uncheck()
    table = pd.read_csv(saved(opened, "#csv"))
    assert list(table) == ["file", "frame", "timestamp", "face_id", "confidence", "success", "AU12"]
    assert table["frame"].tolist() == list(range(COUNT - 9, COUNT + 1))
    assert set(table["face_id"]) == {3}
    assert np.allclose(table["timestamp"], TIMES[-10:], atol=1e-4)
    assert (table["AU12"] == 1).all()
    assert "No chosen face" in opened.inner_text("#doubt")
    for button, width in (
        ("#png", 2 * opened.evaluate("document.querySelector('#plot').clientWidth")),
        ("#still", 162),
    ):
        assert cv2.imread(str(saved(opened, button))).shape[1] == width


@pytest.mark.browser
def test_a_narrow_screen_needs_no_sideways_scrolling(opened):
    opened.set_viewport_size({"width": 340, "height": 700})
    opened.wait_for_timeout(200)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 340
    unnamed = (
        "[...document.querySelectorAll('button, input, select, canvas, video')].filter(e => !(e.ariaLabel"
    )
    unnamed += " || e.textContent.trim() || e.labels?.length || e.id === 'ramp')).map(e => e.outerHTML)"
    assert opened.evaluate(unnamed) == []
