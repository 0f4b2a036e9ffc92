"""Image files that must not be decoded."""

import struct
import zlib

import numpy as np

from g2rl.io.images import decode_image


def test_a_image_of_a_few_bytes_that_claims_a_gigapixel_is_not_decoded():
    def png(side: int) -> np.ndarray:
        parts = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))]
        parts += [(b"IDAT", zlib.compress(bytes(200))), (b"IEND", b"")]
        blocks = [struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
                  for name, body in parts]  # fmt: skip
        return np.frombuffer(b"\x89PNG\r\n\x1a\n" + b"".join(blocks), np.uint8)

    assert decode_image(png(32), grey=False).shape == (32, 32, 3)
    assert decode_image(png(40_000), grey=False) is None
