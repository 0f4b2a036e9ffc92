"""Errors of the operating system and of text files, worded in one line."""

import errno
import pickle
from pathlib import Path

import pytest

from g2rl.errors import InputError, TextFileError, explain_os_error, os_errors_as_input_errors
from g2rl.io.atomic import atomic_path


def test_an_input_that_cannot_be_read_meanwhile_is_named_not_the_output(tmp_path):
    out = tmp_path / "out.csv"
    with pytest.raises(InputError, match=r"^\S*input\.h5: No such file"), atomic_path(out):
        open(tmp_path / "input.h5", "rb")  # noqa: SIM115  it is not there
    folder = tmp_path / "T1.x"
    for name in (".T1.x.part-12345678/0001.jpg", "T1.x/0001.jpg"):  # a folder has a partial one, too
        with pytest.raises(InputError, match=r"^\S*T1\.x: No such file"), os_errors_as_input_errors(folder):
            open(tmp_path / name, "wb")  # noqa: SIM115  its folder is not there


def test_operating_system_errors_name_the_file_the_reason_and_what_to_do():
    error = OSError(errno.ENOSPC, "", "a.csv")
    assert explain_os_error(error).startswith("a.csv: No space left on device: the disk is full: make room")
    assert explain_os_error(OSError(errno.ENOTDIR, ""), "b") == "b: Not a directory"


def test_text_file_errors_survive_the_way_between_processes():
    error = pickle.loads(pickle.dumps(TextFileError("value", Path("a.csv"), 3, "intensity 7", "0 to 5")))
    assert str(error) == "a.csv: line 3: intensity 7, expected 0 to 5"
    assert (error.kind, error.path, error.line) == ("value", Path("a.csv"), 3)
