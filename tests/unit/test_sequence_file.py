"""The aligned sequence file: its contract, and damage of every kind named."""

import json

import h5py
import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.faces.frame_counts import count_frames
from g2rl.faces.sequence_file import read_sequence, write_sequence
from g2rl.io.hdf5 import write_checksum


def test_file_is_read_as_written(sequence_path, tmp_path):
    aligned = read_sequence(sequence_path)
    write_sequence(tmp_path / "copy.h5", aligned)
    assert (tmp_path / "copy.h5").read_bytes() == sequence_path.read_bytes()
    for name, value in vars(read_sequence(tmp_path / "copy.h5")).items():
        np.testing.assert_array_equal(value, getattr(aligned, name))


def test_contract_of_the_file(sequence_path):
    with h5py.File(sequence_path) as file:
        assert {name: (file[name].dtype, file[name].shape[1:]) for name in file} == {
            "jpeg": (np.uint8, ()),
            "offsets": (np.uint64, ()),
            "landmarks": (np.float32, (68, 2)),
            "intensity": (np.int8, (2,)),
            "frame": (np.int32, ()),
        }
        assert (file.attrs["subject"], file.attrs["sequence"]) == ("S", "SN001")
        assert file.attrs["aus"].tolist() == [6, 12]
        assert json.loads(file.attrs["counts"])["used"] == 11


def shift_offset(file):
    file["offsets"][4] = file["offsets"][5]


def huge_offset(file):
    file["offsets"][-1] = 2**63


def impossible_code(file):
    file["intensity"][0, 0] = 9


def lost_attribute(file):
    del file.attrs["aus"]


def lost_array(file):
    del file["landmarks"]


def garbled_counts(file):
    file.attrs["counts"] = '{"frames": 3'


def more_than_the_file_holds(file):
    del file["jpeg"]
    file.create_dataset("jpeg", (10**13,), np.uint8, chunks=(10**6,))


def other_type(file):
    del file["frame"]
    file["frame"] = np.arange(11, dtype=np.float64)


@pytest.mark.parametrize(
    "damage",
    [
        shift_offset,
        huge_offset,
        impossible_code,
        lost_attribute,
        lost_array,
        garbled_counts,
        more_than_the_file_holds,
        other_type,
    ],
)
def test_damaged_file_is_named(sequence_path, tmp_path, damage):
    copy = tmp_path / "SN003.h5"
    copy.write_bytes(sequence_path.read_bytes())
    with h5py.File(copy, "r+") as file:
        damage(file)
    with pytest.raises(InputError, match=r"SN003\.h5: damaged, its checksum"):
        read_sequence(copy)
    write_checksum(copy)  # as if it had been written so
    with pytest.raises(InputError, match=r"SN003\.h5") as caught:
        read_sequence(copy)
    assert "its checksum" not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.h5: no such file"):
        read_sequence(tmp_path / "none.h5")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_cut_file_is_named(sequence_path, tmp_path, part):
    copy = tmp_path / "SN004.h5"
    data = sequence_path.read_bytes()
    copy.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(InputError, match=r"SN004\.h5"):
        read_sequence(copy)


def test_any_damaged_byte_is_named(sequence_path, tmp_path):
    """Bytes of the file changed at random, images too: one clear error, before HDF5 sees the file."""
    data = sequence_path.read_bytes()
    rng = np.random.default_rng(0)
    copy = tmp_path / "SN005.h5"
    for where in (*range(512, 700), *rng.integers(512, len(data), 300)):
        damaged = bytearray(data)
        damaged[where] ^= int(rng.integers(1, 256))
        copy.write_bytes(damaged)
        with pytest.raises(InputError, match=r"SN005\.h5: damaged"):
            read_sequence(copy)
        with pytest.raises(InputError, match=r"SN005\.h5: damaged"):
            count_frames([copy])


def test_a_file_of_others_needs_no_checksum(sequence_path, tmp_path):
    copy = tmp_path / "SN006.h5"
    with h5py.File(sequence_path) as ours, h5py.File(copy, "w") as file:
        for name in ours:
            file[name] = ours[name][()]
        file.attrs.update(ours.attrs)
    for mine, theirs in zip(
        vars(read_sequence(copy)).values(), vars(read_sequence(sequence_path)).values(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_a_file_of_others_fills_no_memory_and_reads_no_other_file(sequence_path, tmp_path):
    """Arrays of terabytes that compress to nothing, texts of any length, arrays that lie in other files."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(256)) * 100)
    jpeg_of = {
        "bomb": lambda file: file.create_dataset(
            "jpeg", (2**33,), np.uint8, chunks=(2**20,), compression="gzip"
        ),
        "texts": lambda file: file.create_dataset("jpeg", (11,), h5py.string_dtype()),
        "external": lambda file: file.create_dataset("jpeg", (256,), np.uint8, external=[(secret, 0, 256)]),
        "link": lambda file: file.update({"jpeg": h5py.ExternalLink(sequence_path, "jpeg")}),
        "virtual": lambda file: file.create_virtual_dataset("jpeg", virtual(sequence_path)),
    }

    def virtual(source):
        layout = h5py.VirtualLayout((10,), np.uint8)
        layout[:] = h5py.VirtualSource(source, "jpeg", (10,))
        return layout

    for name, make in jpeg_of.items():
        copy = tmp_path / f"{name}.h5"
        copy.write_bytes(sequence_path.read_bytes())
        with h5py.File(copy, "r+") as file:
            del file["jpeg"]
            make(file)
        write_checksum(copy)
        with pytest.raises(InputError, match=rf"{name}\.h5: (damaged, jpeg is|jpeg lies in another file)"):
            read_sequence(copy)
