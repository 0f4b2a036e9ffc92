"""The kinds of photos, see ``tests.data.media``."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.data.media import Kind, grey, image, same

PHOTO = 5  # the frame of the clip that every photo shows
Harm = Callable[[bytes], bytes]
# How the eight EXIF orientations store an upright image.
STORED = {
    1: same,
    2: np.fliplr,
    3: lambda frame: np.rot90(frame, 2),
    4: np.flipud,
    5: lambda frame: frame.swapaxes(0, 1),
    6: lambda frame: np.rot90(frame, 1),
    7: lambda frame: np.rot90(frame.swapaxes(0, 1), 2),
    8: lambda frame: np.rot90(frame, -1),
}


def encoded(pixels: np.ndarray, form: str = "JPEG", mode: str = "", **options: object) -> bytes:
    """An image file, by Pillow."""
    shown = Image.fromarray(np.ascontiguousarray(pixels))
    stream = io.BytesIO()
    quality = {"quality": 97, "subsampling": 0} if form == "JPEG" else {}
    (shown.convert(mode) if mode else shown).save(stream, form, **quality | options)
    return stream.getvalue()


def oriented(orientation: int, form: str = "JPEG", **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(STORED[orientation](image(PHOTO)), form, exif=exif.tobytes(), **options)


def with_thumbnail() -> bytes:
    """A JPEG whose EXIF header holds a whole JPEG of its own."""
    thumbnail = encoded(image(1)[::4, ::4])
    directory = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 38, 0x0202, 4, 1, len(thumbnail), 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IHI", 8, 0, 14) + directory[:2] + directory[2:26] + bytes(4)
    body = exif.ljust(6 + 44, b"\0") + thumbnail
    whole = encoded(image(PHOTO))
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + whole[2:]


def film_behind() -> bytes:
    """A motion photo: bytes of a film that look like JPEG markers among others."""
    film = b"\0\0\0\x18ftypmp42" + np.random.default_rng(0).bytes(4000) + b"\xff\xda\xff\xd8\0\0"
    return encoded(image(PHOTO)) + film


def sixteen_bits(suffix: str) -> bytes:
    deep = image(PHOTO)[..., ::-1].astype(np.uint16) * 257
    return cv2.imencode(suffix, deep)[1].tobytes()


def huge_png() -> bytes:
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0))]
    parts += [(b"IDAT", zlib.compress(bytes(200))), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def huge_jpeg() -> bytes:
    data = bytearray(encoded(image(PHOTO)))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, 65_000, 65_000)
    return bytes(data)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def photo(name: str, file: str, data: bytes | Callable[[], bytes], **options: object) -> Kind:
    def make(path: Path, clip: Path) -> None:
        path.write_bytes(data() if callable(data) else data)

    if "error" not in options:
        options = {"frames": [PHOTO], "psnr": 38, **options}
    return Kind(name, file, make, **options)


NOT_READ, FORMAT = "not a readable image", "are not read: convert it to JPEG or PNG"
SMALL = {"psnr": 20}  # colour at half resolution, or 256 colours

PHOTOS = [
    *(photo(f"JPEG, EXIF orientation {n}", f"exif{n}.jpg", oriented(n)) for n in STORED),
    photo("PNG, EXIF orientation 6", "exif6.png", oriented(6, "PNG")),
    photo("WebP, EXIF orientation 6", "exif6.webp", oriented(6, "WEBP", lossless=True)),
    photo("progressive JPEG", "progressive.jpeg", encoded(image(PHOTO), progressive=True)),
    photo("JPEG with restart markers", "restart.jpg", encoded(image(PHOTO), restart_marker_blocks=2)),
    photo("grey JPEG", "grey.jpg", encoded(image(PHOTO), mode="L"), shown=grey),
    photo("CMYK JPEG", "cmyk.jpg", encoded(image(PHOTO), mode="CMYK"), psnr=30),
    photo("JPEG with a thumbnail", "thumbnail.jpg", with_thumbnail),
    photo("motion photo: a film behind the JPEG", "MVIMG_1.jpg", film_behind),
    photo(
        "MPF: a smaller JPEG behind the first", "mpf.jpg", encoded(image(PHOTO)) + encoded(image(1)[::2, ::2])
    ),
    photo("JPEG with zeros behind it", "zeros.jpg", encoded(image(PHOTO)) + bytes(700)),
    photo("16-bit PNG", "deep.png", sixteen_bits(".png"), psnr=48),
    photo("PNG with transparency", "alpha.png", encoded(image(PHOTO), "PNG", "RGBA"), psnr=60),
    photo("PNG with a palette", "palette.png", encoded(image(PHOTO), "PNG", "P"), **SMALL),
    photo("interlaced grey PNG", "grey.png", encoded(image(PHOTO), "PNG", "L"), shown=grey, psnr=45),
    photo("BMP", "plain.bmp", encoded(image(PHOTO), "BMP"), psnr=60),
    photo("TIFF", "plain.tif", encoded(image(PHOTO), "TIFF"), psnr=60),
    photo("16-bit TIFF", "deep.tiff", sixteen_bits(".tiff"), psnr=48),
    photo("TIFF, EXIF orientation 6", "exif6.tif", oriented(6, "TIFF"), psnr=60),
    photo("WebP", "plain.webp", encoded(image(PHOTO), "WEBP", lossless=True), psnr=60),
    photo(
        "photo with an upper-case suffix, a blank and other letters",
        "Fräulein Ŝ 1.JPG",
        encoded(image(PHOTO)),
    ),
    photo("JPEG named .png", "named.png", encoded(image(PHOTO))),
    photo("JPEG without a suffix", "photo", encoded(image(PHOTO))),
    photo("cut JPEG", "cut.jpg", half(encoded(image(PHOTO))), error=NOT_READ),
    photo("cut JPEG with a whole thumbnail", "cut2.jpg", half(with_thumbnail()), error=NOT_READ),
    photo("cut progressive JPEG", "cut3.jpg", half(encoded(image(PHOTO), progressive=True)), error=NOT_READ),
    photo("cut PNG", "cut.png", half(encoded(image(PHOTO), "PNG")), error=NOT_READ),
    photo("cut WebP", "cut.webp", half(encoded(image(PHOTO), "WEBP", lossless=True)), error=NOT_READ),
    photo("cut TIFF", "cut.tif", half(encoded(image(PHOTO), "TIFF")), error=NOT_READ),
    photo("cut BMP", "cut.bmp", half(encoded(image(PHOTO), "BMP")), error=NOT_READ),
    photo("an empty JPEG", "empty.jpg", b"", error=f"{NOT_READ} (0 bytes)"),
    photo("a text named .jpg", "text.jpg", b"This is no image.\n", error=NOT_READ),
    photo("PNG that claims 40,000×40,000 pixels", "huge.png", huge_png, error=NOT_READ),
    photo("JPEG that claims 65,000×65,000 pixels", "huge.jpg", huge_jpeg, error=NOT_READ),
    photo("HEIC", "IMG_1.HEIC", b"\0\0\0\x18ftypheic" + bytes(90), error=f"HEIC {FORMAT}"),
    photo("RAW", "IMG_1.CR2", b"II*\0" + bytes(90), error=f"CR2 {FORMAT}"),
]
