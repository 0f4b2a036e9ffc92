"""Frames of videos and image folders, whole and damaged."""

import struct

import cv2
import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.io.video import open_source
from tests.data.avi import chunk, movie_chunks

N = 40


BITS = 6


def image(number: int) -> np.ndarray:
    """A (96,192,3) image that carries its number in six big squares, so that compression spares it."""
    image = np.full((96, 192, 3), 90, np.uint8)
    for bit in range(BITS):
        image[32:64, bit * 32 : (bit + 1) * 32] = 255 if number >> bit & 1 else 0
    image[70:90, : 3 * number] = (20, 60, 200)
    return image


def content(image: np.ndarray) -> int:
    """The number that a decoded image carries."""
    return sum(int(image[48, bit * 32 + 16].mean() > 128) << bit for bit in range(BITS))


def write_video(path, codec="MJPG", count=N):
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), 20, (192, 96))
    assert writer.isOpened()
    for number in range(1, count + 1):
        writer.write(image(number))
    writer.release()
    return path


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("MJPG", ".avi"), ("XVID", ".avi"), ("mp4v", ".mp4"), ("VP80", ".webm"), ("MJPG", ".mkv")],
)
def test_every_frame_of_a_video_under_its_number(tmp_path, codec, suffix):
    source = open_source(write_video(tmp_path / f"v{suffix}", codec))
    assert list(source.numbers) == list(range(1, N + 1))
    frames = list(source.rgb())
    assert [number for number, _ in frames] == list(range(1, N + 1))
    assert [content(image) for _, image in frames] == list(range(1, N + 1))
    assert all(image.shape == (96, 192, 3) and image.dtype == np.uint8 for _, image in frames)
    grey = list(source.grey())
    assert [content(image[..., None]) for _, image in grey] == list(range(1, N + 1))
    assert grey[0][1].shape == (96, 192)
    assert source.decodable() == list(range(1, N + 1))
    assert source.size == (192, 96)
    assert source.frame_rate == pytest.approx(20)


def test_colour_is_red_green_blue(tmp_path):
    (tmp_path / "f").mkdir()
    cv2.imwrite(str(tmp_path / "f/1.png"), np.full((8, 8, 3), (10, 20, 200), np.uint8))  # OpenCV writes BGR
    _, image = next(iter(open_source(tmp_path / "f").rgb()))
    assert image[0, 0].tolist() == [200, 20, 10]
    _, image = next(iter(open_source(write_video(tmp_path / "v.avi")).rgb([30])))
    assert image[80, 20].argmax() == 0


@pytest.mark.parametrize("wanted", [[], [1], [N], [2, 3, 39], [500]])
def test_only_wanted_frames(tmp_path, wanted):
    source = open_source(write_video(tmp_path / "v.avi"))
    expected = [number for number in wanted if number <= N]
    assert [(number, content(image)) for number, image in source.rgb(wanted)] == [(n, n) for n in expected]


@pytest.mark.parametrize(("codec", "suffix"), [("MJPG", ".avi"), ("XVID", ".avi")])
@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
def test_cut_video_keeps_what_decodes(tmp_path, codec, suffix, share):
    path = write_video(tmp_path / f"v{suffix}", codec)
    data = path.read_bytes()
    start, end, _ = movie_chunks(data)
    path.write_bytes(data[: int(start + (end - start) * share)])
    source = open_source(path)
    assert list(source.numbers) == list(range(1, N + 1))
    frames = list(source.rgb())
    assert [number for number, _ in frames] == list(range(1, N + 1))
    good = [number for number, image in frames if image is not None]
    assert good == list(range(1, len(good) + 1)) == source.decodable()
    assert 3 <= len(good) < N
    assert all(content(image) == number for number, image in frames if image is not None)
    wanted = [len(good) - 1, len(good) + 1, N]
    assert [(number, image is None) for number, image in source.rgb(wanted)] == [
        (number, number > len(good)) for number in wanted
    ]


def test_dropped_frames_of_an_avi_do_not_shift_the_others(tmp_path):
    path = write_video(tmp_path / "v.avi")
    data = path.read_bytes()
    start, _, chunks = movie_chunks(data)
    for number in (11, 12, 31):
        chunks[number - 1] = chunk(b"00dc", b"")
    index, offset = b"", 4
    for item in chunks:
        size = struct.unpack_from("<I", item, 4)[0]
        index += b"00dc" + struct.pack("<III", 16, offset, size)
        offset += len(item)
    data = data[:start] + chunk(b"LIST", b"movi" + b"".join(chunks)) + chunk(b"idx1", index)
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    frames = dict(open_source(path).rgb())
    assert [number for number, image in frames.items() if image is None] == [11, 12, 31]
    assert all(content(image) == number for number, image in frames.items() if image is not None)


def test_motion_jpeg_is_decoded_as_by_opencv_and_its_damaged_frames_are_none(tmp_path):
    path = write_video(tmp_path / "v.avi")
    capture = cv2.VideoCapture(str(path))
    peer = [capture.read()[1] for _ in range(N)]
    for number, image in open_source(path).rgb():
        assert np.abs(image.astype(int) - peer[number - 1][..., ::-1]).mean() < 2
    for number, image in open_source(path).grey():
        assert np.abs(image.astype(int) - cv2.cvtColor(peer[number - 1], cv2.COLOR_BGR2GRAY)).mean() < 2

    data = path.read_bytes()
    start, end, chunks = movie_chunks(data)
    size = len(chunks[16])
    chunks[16] = chunks[16][: size * 2 // 3].ljust(size, b"\0")  # a image cut short: no end marker
    path.write_bytes(data[: start + 12] + b"".join(chunks) + data[end:])
    source = open_source(path)
    for frames in (source.grey(), source.rgb()):
        assert [number for number, image in frames if image is None] == [17]
    assert source.decodable() == [number for number in range(1, N + 1) if number != 17]


@pytest.mark.parametrize("declared", [0, 7, 2**31 - 1])
def test_avi_with_a_wrong_frame_count_gives_every_frame(tmp_path, declared):
    path = write_video(tmp_path / "v.avi")
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"avih") + 8 + 16, declared)  # dwTotalFrames
    struct.pack_into("<I", data, data.index(b"strh") + 8 + 32, declared)  # dwLength
    path.write_bytes(data)
    frames = list(open_source(path).rgb())
    assert [number for number, _ in frames] == list(range(1, N + 1))
    assert [content(image) for _, image in frames] == list(range(1, N + 1))


def test_video_without_its_frames_has_none_of_them(tmp_path):
    path = write_video(tmp_path / "v.avi")
    data = path.read_bytes()
    path.write_bytes(data[: movie_chunks(data)[0] + 12])
    assert list(open_source(path).rgb()) == [(number, None) for number in range(1, N + 1)]


@pytest.mark.parametrize("data", [b"", b"not a video at all", b"RIFF\x00\x01\x00\x00AVI LIST"])
def test_no_video(tmp_path, data):
    path = tmp_path / "v.avi"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"v\.avi: (not a readable video|no frame)"):
        open_source(path)


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="no such video"):
        open_source(tmp_path / "nothing.avi")


def test_image_folder_numbers_come_from_names_whatever_the_padding(tmp_path):
    for name, number in {"9.jpg": 9, "010.JPG": 10, "00011.jpeg": 11, "F001_T1_0100.png": 32}.items():
        cv2.imwrite(str(tmp_path / name.lower()), image(number))
        (tmp_path / name.lower()).rename(tmp_path / name)
    for name in ("Thumbs.db", "._010.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    source = open_source(tmp_path)
    assert source.numbers == [9, 10, 11, 100]
    assert [(number, content(image)) for number, image in source.rgb()] == [
        (9, 9),
        (10, 10),
        (11, 11),
        (100, 32),
    ]
    assert [number for number, _ in source.rgb({10, 100, 7})] == [10, 100]


def test_unreadable_images_are_none(tmp_path):
    for number in range(1, 7):
        cv2.imwrite(str(tmp_path / f"{number:04d}.jpg"), image(number))
    whole = (tmp_path / "0002.jpg").read_bytes()
    (tmp_path / "0002.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "0003.jpg").write_bytes(b"")
    (tmp_path / "0004.jpg").write_bytes(b"no image")
    (tmp_path / "0005.jpg").write_bytes(whole + bytes(300))  # padded by a disk image: still whole
    frames = dict(open_source(tmp_path).grey())
    assert [number for number, image in frames.items() if image is None] == [2, 3, 4]
    assert content(frames[5][..., None]) == 2


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "no image"),
        (["notes.txt"], "no image"),
        (["1.jpg", "0001.jpg"], r"0001\.jpg and 1\.jpg are both frame 1"),
        (["1.jpg", "cover.jpg"], r"cover\.jpg: no frame number"),
        (["20261122153000.jpg"], "no frame number"),
    ],
)
def test_folders_that_are_no_sequence(tmp_path, names, message):
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=message):
        open_source(tmp_path)


def test_a_video_of_huge_frames_is_refused(tmp_path):
    path = tmp_path / "huge.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 20, (8200, 8200))
    writer.write(np.zeros((8200, 8200, 3), np.uint8))
    writer.release()
    with pytest.raises(InputError, match=r"huge\.avi: claims 8200×8200 pixels"):
        open_source(path)
