"""The command line: help for every command, one line for bad input, options that reach the stage."""

import array
import dataclasses
import fcntl
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from g2rl import __version__
from g2rl.cli import main
from g2rl.cli.help import COMMANDS, make_parser
from g2rl.config.training import Settings
from g2rl.config.values import attribute_docs, choices, kinds, split_doc

ROOT = Path(__file__).resolve().parents[2]


def test_overview_lists_every_command(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main.main(["--help"]) == main.main([]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)
    modules = {path.stem.replace("_", "-") for path in Path(main.__file__).parent.glob("*.py")}
    helpers = {"--init--", "device", "help", "main", "options", "outcome"}
    helpers |= {"sequence-files", "settings-options"}
    assert sorted(COMMANDS) == sorted(modules - helpers)
    commands = out.split("\n\ng2rl COMMAND")[0]
    assert max(map(len, commands.splitlines())) <= 80


def test_version(capsys):
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out == f"g2rl {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example_that_parses(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main.main([name, "--help"])
    assert caught.value.code == 0
    example = capsys.readouterr().out.partition("example: ")[2].replace("\\\n", " ")
    words = shlex.split(example)
    assert words[:2] == ["g2rl", name]
    make_parser(name).parse_args(words[2:])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help_with_its_default(name):
    parser = make_parser(name)
    for action in parser._actions:
        text = " ".join(parser._get_formatter()._expand_help(action).split())
        assert text, action
        optional = not action.required and action.dest != "help"
        assert ("default: " in text) == optional, f"{action.dest}: {text}"


def test_every_setting_is_an_option_of_train_with_its_choices_and_default():
    actions = {action.dest: action for action in make_parser("train")._actions}
    for field in dataclasses.fields(Settings):
        action, kind = actions[field.name], kinds(Settings)[field.name]
        assert action.default == field.default
        assert tuple(action.choices or ()) == choices(kind)
        meaning = split_doc(attribute_docs(Settings)[field.name])[""].rstrip(".")
        assert (action.help or "").startswith(meaning.replace("%", "%%"))


OTHER_LOCALES = [
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "iso-8859-1"},
]


@pytest.mark.parametrize("locale", OTHER_LOCALES, ids=str)
def test_help_and_errors_of_any_locale(locale, tmp_path):
    (tmp_path / "my.yaml").write_text("σ: 2\n", encoding="utf-8")
    every_help = (
        "import contextlib, sys; from g2rl.cli.help import COMMANDS; from g2rl.cli.main import main\n"
        "for name in ['', *COMMANDS]:\n"
        "    with contextlib.suppress(SystemExit): main([name, '--help'][not name:])"
    )
    for command, status in (
        (["-c", every_help], 0),
        (["-m", "g2rl", "config", str(tmp_path / "my.yaml")], 2),
        (["-m", "g2rl", "trän"], 2),
    ):
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, capture_output=True, env=os.environ | locale
        )
        assert done.returncode == status, done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stdout if status == 0 else done.stderr.count(b"\n") == 1


BOTH = ["INFO", "WARNING"]


@pytest.mark.parametrize(("level", "shown"), [("", BOTH), ("warning", ["WARNING"]), ("x", BOTH)])
def test_messages_have_a_time_and_a_level(level, shown, monkeypatch, capsys):
    monkeypatch.setenv(main.LOG_LEVEL, level)
    main.log_to_stderr()
    logging.getLogger("g2rl.training.loop").info("epoch 1 of 2")
    logging.getLogger("g2rl.training.loop").warning("damaged")
    logging.getLogger("matplotlib").info("fonts")
    lines = capsys.readouterr().err.splitlines()
    assert [re.fullmatch(r"\d\d:\d\d:\d\d (\w+) .+", line)[1] for line in lines] == shown


def test_unknown_command_names_the_nearest(capsys):
    assert main.main(["landmark"]) == 2
    assert "did you mean 'landmarks'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["landmarks", "nowhere.avi", "-o", "out.h5"],
        [
            "align",
            "no.avi",
            "no.h5",
            *["--layout=disfa", "--root=.", "--sequence=SN001", "--subject=SN001", "-o", "x"],
        ],
        ["test", "no.safetensors", "--sequences", "no.h5", "--device=cpu", "-o", "out.csv"],
        ["metrics", "no.csv", "-o", "out.csv"],
        ["frames", "no.h5", "-o", "out.csv"],
        ["manifest", "no.h5", "-o", "out.tsv"],
        ["test", "no.safetensors", "--sequences", "no.tsv", "--device=cpu", "-o", "out.csv"],
        ["config", "no.yaml"],
        ["weights", "no_such_model", "no.safetensors", "-o", "out.safetensors"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_bad_input_is_one_line_and_status_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"g2rl {arguments[0]}: ")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_training_options_become_settings(monkeypatch, tmp_path):
    from g2rl.config.training import Settings
    from g2rl.faces import sequence_file as cache
    from g2rl.methods import g2rl as method

    seen = []
    monkeypatch.setattr(cache, "read_sequence", lambda path: path)
    monkeypatch.setattr(
        method, "train", lambda shards, settings, *rest, **named: seen.append((shards, settings))
    )
    arguments = ["train", "--sequences", "a", "b", "--model=m", "--history=h", "--device=cpu"]
    main.main(arguments)
    main.main([*arguments, "--lambda=0", "--channels=8,4", "--flip", "--lr-geometry=0.1", "--milestones=2,3"])
    assert seen[0] == ([Path("a"), Path("b")], Settings())
    changed = Settings(lam=0.0, channels=(8, 4), flip=True, lr_geometry=0.1, milestones=(2, 3))
    assert seen[1][1] == changed


def test_config_prints_what_it_resolved(capsys):
    import yaml

    from g2rl.config.load import parse

    assert main.main(["config", str(ROOT / "config/paper.yaml")]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert parse(printed, "printed").training.weight_decay == 0
    assert printed["lambda"] == 0.05


def test_interrupt_is_quiet():
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "g2rl", "config", "/dev/stdin"],
        stdin=read,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored below `command &`
    )
    try:
        os.write(write, b"sigma: 2\n")
        waiting = array.array("i", [1])
        while waiting[0]:  # until the command has taken these bytes and waits for more
            assert process.poll() is None
            fcntl.ioctl(read, termios.FIONREAD, waiting)
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(read)
        os.close(write)
    assert (process.returncode, error) == (130, "")


def test_reader_that_stops_early_is_no_error():
    command = f"{sys.executable} -m g2rl config --schema | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert (done.stdout, done.stderr) == ("{\n", "")
