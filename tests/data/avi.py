"""The chunks of small AVI files, taken apart and put together."""

import struct


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def movie_chunks(data: bytes) -> tuple[int, int, list[bytes]]:
    """The frame chunks of a small AVI's ``movi`` list, and where that list starts and ends."""
    start = data.index(b"movi") - 8
    end = start + 8 + struct.unpack_from("<I", data, start + 4)[0]
    chunks, at = [], start + 12
    while at < end:
        size = struct.unpack_from("<I", data, at + 4)[0]
        chunks.append(data[at : at + 8 + size + size % 2])
        at += 8 + size + size % 2
    return start, end, chunks
