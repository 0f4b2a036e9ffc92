"""Fold manifests: read as written, wherever their folder lies; missing and changed files named."""

import hashlib
from dataclasses import replace

import h5py
import pytest

from g2rl.errors import InputError
from g2rl.faces.align_sequence import align_sequence
from g2rl.faces.fold_manifest import read_manifest, read_manifests, write_manifest
from g2rl.faces.sequence_file import read_sequence, write_sequence
from tests.media import two_frames


@pytest.fixture
def manifest(tmp_path):
    """A fold manifest beside the folder of its two aligned sequences."""
    for name in ("S2", "S1"):
        align_sequence(*two_frames(), "S", name, tmp_path / f"D/cache/{name}.h5")
    write_manifest(tmp_path / "D/fold1.tsv", [tmp_path / f"D/cache/{name}.h5" for name in ("S2", "S1")])
    return tmp_path / "D/fold1.tsv"


def test_manifest_is_read_as_written_wherever_its_folder_lies(manifest, tmp_path):
    assert read_manifest(manifest) == [manifest.parent / "cache/S2.h5", manifest.parent / "cache/S1.h5"]
    (tmp_path / "D").rename(tmp_path / "E")
    assert read_manifest(tmp_path / "E/fold1.tsv")[0] == tmp_path / "E/cache/S2.h5"


def test_manifest_has_the_checksum_of_each_content(manifest):
    rows = [line.split("\t") for line in manifest.read_text().splitlines()]
    content = (manifest.parent / "cache/S2.h5").read_bytes()[512:]  # after the block that holds the hash
    assert rows[1] == ["cache/S2.h5", hashlib.sha256(content).hexdigest()]


def test_manifest_changes_with_a_sequence_and_detects_one_made_again(manifest):
    before, sequence = manifest.read_bytes(), manifest.parent / "cache/S1.h5"
    write_sequence(sequence, replace(read_sequence(sequence), subject="T"))
    with pytest.raises(InputError, match=r"fold1\.tsv: line 3: .*S1\.h5 has checksum .* made again"):
        read_manifest(manifest)
    write_manifest(manifest, [manifest.parent / "cache/S2.h5", sequence])
    assert manifest.read_bytes() != before


def test_missing_sequence_is_named(manifest):
    (manifest.parent / "cache/S1.h5").unlink()
    with pytest.raises(InputError, match=r"fold1\.tsv: line 3: .*S1\.h5 does not exist: snakemake all"):
        read_manifest(manifest)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"line 1: \[\], expected"),
        ("sequence\tsubject\n", "line 1: .*, expected"),
        ("shard\tsha256\ncache/S1.h5\n", "line 2: .*, expected"),
        ("shard\tsha256\n", "no aligned sequence"),
    ],
)
def test_what_is_no_manifest_is_named(manifest, text, words):
    manifest.write_text(text)
    with pytest.raises(InputError, match=rf"fold1\.tsv: {words}"):
        read_manifest(manifest)


def test_file_without_a_checksum_cannot_be_listed(tmp_path):
    with h5py.File(tmp_path / "s.h5", "w"):
        pass
    with pytest.raises(InputError, match=r"s\.h5: no checksum"):
        write_manifest(tmp_path / "fold1.tsv", [tmp_path / "s.h5"])


def test_sequences_of_manifests_are_sorted_by_name_and_others_as_given(manifest):
    """The order of a sheet's folds decides nothing, not even the order of a training's batches."""
    files = [manifest.parent / f"cache/{name}.h5" for name in ("S2", "S1")]
    assert read_manifests(files) == files
    assert read_manifests([manifest]) == files[::-1]
    more = manifest.parent / "cache/S0.h5"
    assert [path.stem for path in read_manifests([manifest, more])] == ["S0", "S1", "S2"]
