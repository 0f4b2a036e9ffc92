"""Shards: every frame accounted for, the same bytes every time, any order of reading, damage named."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import astronaut
from skimage.transform import SimilarityTransform

from g2rl.datasets.labels import Labels
from g2rl.errors import InputError
from g2rl.faces.align_sequence import align_sequence
from g2rl.faces.alignment import TEMPLATE
from g2rl.faces.fold_manifest import read_manifest, read_manifests, write_manifest
from g2rl.faces.frame_counts import count_frames
from g2rl.faces.jpeg import decode, encode
from g2rl.faces.landmarks_file import Landmarks
from g2rl.faces.sequence_file import join, load_frames, read_sequence, write_sequence
from g2rl.io.hdf5 import write_checksum
from g2rl.io.video import FrameSource

AUS = (6, 12)


class Frames(FrameSource):
    """A sequence of {number: picture} in memory; None is a frame that cannot be decoded."""

    def __init__(self, pictures):
        self.path = "memory"
        self.pictures = pictures
        self.numbers = sorted(pictures)

    def _frames(self, grey, wanted):
        for number in self.numbers:
            if wanted is None or number in wanted:
                yield number, self.pictures[number]


def face_at(seed):
    """Landmarks somewhere on a small picture, hardly expressive."""
    rng = np.random.default_rng(seed)
    motion = SimilarityTransform(
        scale=rng.uniform(0.3, 0.6), rotation=rng.normal(0, 0.2), translation=rng.uniform(0, 40, 2)
    )
    return motion(TEMPLATE + rng.normal(0, 1, (68, 2)))


def landmarks_of(found):
    """Landmarks for {number: whether there is a face}."""
    frame = np.array(sorted(found), np.int32)
    has = np.array([found[number] for number in frame.tolist()], bool)
    points = np.array([face_at(number) for number in frame.tolist()], np.float32).reshape(-1, 68, 2)
    points[~has] = np.nan
    n = len(frame)
    return Landmarks(
        frame, has, np.where(has, 1, np.nan).astype(np.float32), np.zeros((n, 4), np.float32), points
    )


def labels_of(codes):
    """Labels for {number: (intensity, intensity)}."""
    frame = np.array(sorted(codes), np.int32)
    intensity = np.array([codes[number] for number in frame.tolist()], np.int8).reshape(-1, len(AUS))
    return Labels(frame, intensity, AUS)


def pictures_of(numbers):
    """A different piece of the photograph for every frame."""
    photograph = astronaut()
    return {number: np.ascontiguousarray(photograph[number : number + 150, 100:260]) for number in numbers}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A shard of eleven frames, 3, 5, …, 23."""
    numbers = range(3, 25, 2)
    path = tmp_path_factory.mktemp("shard") / "SN001.h5"
    align_sequence(
        Frames(pictures_of(numbers)),
        landmarks_of(dict.fromkeys(numbers, True)),
        labels_of({number: (number % 6, -1) for number in numbers}),
        "S",
        "SN001",
        path,
    )
    return path


numbers = st.integers(1, 30)
codes = st.sampled_from([-1, 0, 3, 5])


@settings(max_examples=60, deadline=None)
@given(
    media=st.dictionaries(numbers, st.tuples(st.booleans(), st.booleans()), min_size=1),
    coded=st.dictionaries(numbers, st.tuples(codes, codes)),
    exclude=st.frozensets(numbers, max_size=4),
    max_gap=st.integers(0, 4),
    drop_partial=st.booleans(),
)
def test_no_frame_is_lost_uncounted(tmp_path_factory, media, coded, exclude, max_gap, drop_partial):
    """Against the rules told frame by frame: media = {number: (readable, has a face)}."""
    small = np.full((40, 40, 3), 90, np.uint8)
    source = Frames({number: small if readable else None for number, (readable, _) in media.items()})
    found = {number: readable and face for number, (readable, face) in media.items()}
    expected = {}
    for number, intensity in coded.items():
        before = [other for other in media if other <= number and found[other]]
        if intensity == (-1, -1):
            reason = "not_coded"
        elif number in exclude:
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
    )
    reasons = ("excluded", "partly_coded", "missing", "unreadable", "no_face", "used")
    assert counts["coded"] == sum(counts[reason] for reason in reasons)
    for reason in (*reasons, "not_coded"):
        assert counts[reason] == len(expected.get(reason, ())), reason
    assert counts["frames"] == len(media)
    assert counts["no_label"] == len(media.keys() - coded.keys())
    used = sorted(expected.get("used", ()))
    assert counts["carried"] == sum(not found[number] for number in used)

    shard = read_sequence(out)
    assert shard.counts == counts
    assert shard.frame.tolist() == used
    assert [tuple(row) for row in shard.intensity.tolist()] == [coded[number] for number in used]
    assert decode(shard.jpeg, shard.offsets, range(len(used)), 64).shape == (len(used), 64, 64, 3)


def two_frames():
    """Frames, landmarks and codes of a sequence: a face, and no face."""
    found = {4: True, 5: False}
    return Frames(pictures_of(found)), landmarks_of(found), labels_of(dict.fromkeys(found, (1, 1)))


def test_a_frame_lost_uncounted_is_an_error(tmp_path):
    align_sequence(*two_frames(), "S", "S1", tmp_path / "s.h5")
    table = count_frames([tmp_path / "s.h5"])
    assert table.loc[0, ["coded", "used", "no_face"]].tolist() == [2, 1, 1]
    shard = read_sequence(tmp_path / "s.h5")
    write_sequence(tmp_path / "s.h5", replace(shard, counts=shard.counts | {"no_face": 0}))
    with pytest.raises(InputError, match=r"s\.h5: 2 coded frames, but excluded, .* add up to another number"):
        count_frames([tmp_path / "s.h5"])


@pytest.fixture
def listed(tmp_path):
    """A list beside the folder of its two shards."""
    for name in ("S2", "S1"):
        align_sequence(*two_frames(), "S", name, tmp_path / f"D/cache/{name}.h5")
    write_manifest(tmp_path / "D/fold1.tsv", [tmp_path / f"D/cache/{name}.h5" for name in ("S2", "S1")])
    return tmp_path / "D/fold1.tsv"


def test_list_gives_back_its_shards_wherever_the_folder_lies(listed, tmp_path):
    assert read_manifest(listed) == [listed.parent / "cache/S2.h5", listed.parent / "cache/S1.h5"]
    (tmp_path / "D").rename(tmp_path / "E")
    assert read_manifest(tmp_path / "E/fold1.tsv")[0] == tmp_path / "E/cache/S2.h5"


def test_list_has_the_hash_of_what_lies_in_each_shard(listed):
    rows = [line.split("\t") for line in listed.read_text().splitlines()]
    content = (listed.parent / "cache/S2.h5").read_bytes()[512:]  # after the block that holds the hash
    assert rows[1] == ["cache/S2.h5", hashlib.sha256(content).hexdigest()]


def test_list_changes_with_a_shard_and_knows_one_that_was_made_anew(listed):
    before, shard = listed.read_bytes(), listed.parent / "cache/S1.h5"
    write_sequence(shard, replace(read_sequence(shard), subject="T"))
    with pytest.raises(InputError, match=r"fold1\.tsv: line 3: .*S1\.h5 has checksum .* made again"):
        read_manifest(listed)
    write_manifest(listed, [listed.parent / "cache/S2.h5", shard])
    assert listed.read_bytes() != before


def test_list_names_a_shard_that_is_gone(listed):
    (listed.parent / "cache/S1.h5").unlink()
    with pytest.raises(InputError, match=r"fold1\.tsv: line 3: .*S1\.h5 does not exist: snakemake all"):
        read_manifest(listed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"line 1: \[\], expected"),
        ("sequence\tsubject\n", "line 1: .*, expected"),
        ("shard\tsha256\ncache/S1.h5\n", "line 2: .*, expected"),
        ("shard\tsha256\n", "no aligned sequence"),
    ],
)
def test_what_is_no_list_is_named(listed, text, words):
    listed.write_text(text)
    with pytest.raises(InputError, match=rf"fold1\.tsv: {words}"):
        read_manifest(listed)


def test_file_of_others_cannot_be_listed(tmp_path):
    with h5py.File(tmp_path / "s.h5", "w"):
        pass
    with pytest.raises(InputError, match=r"s\.h5: no checksum"):
        write_manifest(tmp_path / "fold1.tsv", [tmp_path / "s.h5"])


def test_sequences_of_manifests_are_sorted_by_name_and_others_as_given(listed):
    """The order of a sheet's folds decides nothing, not even the order of a training's batches."""
    files = [listed.parent / f"cache/{name}.h5" for name in ("S2", "S1")]
    assert read_manifests(files) == files
    assert read_manifests([listed]) == files[::-1]
    more = listed.parent / "cache/S0.h5"
    assert [path.stem for path in read_manifests([listed, more])] == ["S0", "S1", "S2"]


def test_carried_landmarks_are_the_last_ones(tmp_path):
    found = {4: True, 5: False, 6: False, 9: False}
    align_sequence(
        Frames(pictures_of(found)),
        landmarks_of(found),
        labels_of(dict.fromkeys(found, (1, 1))),
        "S",
        "S1",
        tmp_path / "s.h5",
        max_gap=2,
    )
    shard = read_sequence(tmp_path / "s.h5")
    assert shard.frame.tolist() == [4, 5, 6]
    np.testing.assert_array_equal(shard.landmarks[1:], np.repeat(shard.landmarks[:1], 2, 0))


def test_a_sequence_that_yields_nothing_is_logged(tmp_path, caplog):
    counts = align_sequence(
        Frames(pictures_of([1, 2])),
        landmarks_of({1: False, 2: False}),
        labels_of({1: (0, 2), 2: (1, 1)}),
        "S",
        "F001_T1",
        tmp_path / "s.h5",
    )
    assert counts["used"] == 0
    assert "F001_T1: no frame can be used" in caplog.text
    shard = read_sequence(tmp_path / "s.h5")
    assert shard.landmarks.shape == (0, 68, 2)
    assert shard.intensity.shape == (0, 2)
    assert load_frames(shard, 64).shape == (0, 64, 64, 3)


def test_landmarks_of_other_media_are_refused(tmp_path):
    with pytest.raises(InputError, match="other media"):
        align_sequence(
            Frames(pictures_of([1, 2, 3])),
            landmarks_of({1: True, 2: True}),
            labels_of({1: (0, 2)}),
            "S",
            "S1",
            tmp_path / "s.h5",
        )
    assert not (tmp_path / "s.h5").exists()


def test_same_input_same_bytes(tmp_path):
    for name in "ab":
        align_sequence(
            Frames(pictures_of(range(5))),
            landmarks_of(dict.fromkeys(range(5), True)),
            labels_of({number: (number, 0) for number in range(5)}),
            "S",
            "S1",
            tmp_path / f"{name}.h5",
        )
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_contract_of_the_file(path):
    with h5py.File(path) as file:
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


def test_random_reading_equals_reading_in_order(path):
    shard = read_sequence(path)
    # OpenCV itself, on the bytes cut out by hand.
    whole = [
        cv2.imdecode(shard.jpeg[int(a) : int(b)], cv2.IMREAD_COLOR_RGB)
        for a, b in zip(shard.offsets[:-1], shard.offsets[1:], strict=True)
    ]
    order = np.random.default_rng(0).integers(0, 11, 50)
    np.testing.assert_array_equal(
        decode(shard.jpeg, shard.offsets, order), np.stack([whole[index] for index in order])
    )
    jpeg, offsets = join([shard, shard])
    with ThreadPoolExecutor(2) as pool:
        np.testing.assert_array_equal(
            decode(jpeg, offsets, order + 11, pool=pool), np.stack([whole[index] for index in order])
        )
    np.testing.assert_array_equal(load_frames(shard, 256, threads=2), np.stack(whole))


@pytest.mark.parametrize("size", [32, 48, 64, 100, 128, 160, 224, 256])
def test_smaller_faces_are_the_same_picture(path, size):
    shard = read_sequence(path)
    full = decode(shard.jpeg, shard.offsets, range(11))
    peer = np.stack([cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA) for face in full])
    out = np.empty((11, size, size, 3), np.uint8)
    small = decode(shard.jpeg, shard.offsets, range(11), size, out)
    assert small is out
    # The decoder's own shrinking rounds elsewhere, and a sharp edge may gain or lose a little.
    assert np.abs(small.astype(int) - peer).mean() < 2
    assert small.mean() == pytest.approx(peer.mean(), abs=0.5)


def test_pixels_survive_compression():
    face = cv2.resize(astronaut()[:300, 80:380], (256, 256), interpolation=cv2.INTER_AREA)
    jpeg = encode(face)
    back = decode(jpeg, np.array([0, len(jpeg)], np.uint64), [0])[0]
    assert np.abs(back.astype(int) - face).mean() < 2.5
    np.testing.assert_allclose(back.mean((0, 1)), face.mean((0, 1)), atol=1)  # red is red


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
def test_damaged_shard_is_named(path, tmp_path, damage):
    copy = tmp_path / "SN003.h5"
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy, "r+") as file:
        damage(file)
    with pytest.raises(InputError, match=r"SN003\.h5: damaged, its checksum"):
        read_sequence(copy)
    write_checksum(copy)  # as if it had been written so
    with pytest.raises(InputError, match=r"SN003\.h5") as caught:
        read_sequence(copy)
    assert "its checksum" not in str(caught.value)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_cut_shard_is_named(path, tmp_path, part):
    copy = tmp_path / "SN004.h5"
    data = path.read_bytes()
    copy.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(InputError, match=r"SN004\.h5"):
        read_sequence(copy)


def test_any_damaged_byte_is_named(path, tmp_path):
    """Bytes of the file changed at random, pictures too: one clear error, before HDF5 sees the file."""
    data = path.read_bytes()
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


def test_a_shard_of_ones_own_needs_no_hash(path, tmp_path):
    copy = tmp_path / "SN006.h5"
    with h5py.File(path) as ours, h5py.File(copy, "w") as file:
        for name in ours:
            file[name] = ours[name][()]
        file.attrs.update(ours.attrs)
    for mine, theirs in zip(
        vars(read_sequence(copy)).values(), vars(read_sequence(path)).values(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_a_strangers_shard_fills_no_memory_and_reads_no_other_file(path, tmp_path):
    """Arrays of terabytes that compress to nothing, texts of any length, arrays that lie in other files."""
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(range(256)) * 100)
    jpeg_of = {
        "bomb": lambda file: file.create_dataset(
            "jpeg", (2**33,), np.uint8, chunks=(2**20,), compression="gzip"
        ),
        "texts": lambda file: file.create_dataset("jpeg", (11,), h5py.string_dtype()),
        "external": lambda file: file.create_dataset("jpeg", (256,), np.uint8, external=[(secret, 0, 256)]),
        "link": lambda file: file.update({"jpeg": h5py.ExternalLink(path, "jpeg")}),
        "virtual": lambda file: file.create_virtual_dataset("jpeg", virtual(path)),
    }

    def virtual(source):
        layout = h5py.VirtualLayout((10,), np.uint8)
        layout[:] = h5py.VirtualSource(source, "jpeg", (10,))
        return layout

    for name, make in jpeg_of.items():
        copy = tmp_path / f"{name}.h5"
        copy.write_bytes(path.read_bytes())
        with h5py.File(copy, "r+") as file:
            del file["jpeg"]
            make(file)
        write_checksum(copy)
        with pytest.raises(InputError, match=rf"{name}\.h5: (damaged, jpeg is|jpeg lies in another file)"):
            read_sequence(copy)


def test_damaged_picture_is_named(path):
    shard = read_sequence(path)
    jpeg = shard.jpeg.copy()
    jpeg[int(shard.offsets[2]) : int(shard.offsets[3])] = 0
    with pytest.raises(InputError, match="face 2"):
        decode(jpeg, shard.offsets, [0, 2])
    broken = type(shard)(**{**vars(shard), "jpeg": jpeg})
    with pytest.raises(InputError, match="SN001"):
        load_frames(broken, 64)
