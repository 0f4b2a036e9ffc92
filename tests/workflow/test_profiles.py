"""Every profile is one that Snakemake and its plugin understand, key by key, and says why of each key."""

import functools
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from conftest import BP4D, ROOT, Workflow, write_sheet

sys.path.insert(0, str(ROOT / "tests/data"))
from describe_plugins import PINNED, describe

PROFILES = sorted(path.parent.name for path in (ROOT / "profiles").glob("*/profile.yaml"))
RULES = "".join(path.read_text() for path in (ROOT / "workflow").rglob("*.smk"))
# What the rules ask for themselves, what only counts inside Snakemake, and a default of Snakemake's own.
OWN = {"gpu", "mem_mb", "runtime", "at_once", "disk_mb"}


def load(profile: str) -> dict:
    return yaml.safe_load((ROOT / "profiles" / profile / "profile.yaml").read_text())


def plugin(executor: str) -> dict[str, list[str]]:
    """What a plugin can be told: read from the installed one, else from the list of the pinned version."""
    if executor == "local":
        return {"settings": [], "resources": []}
    if spec := find_spec(f"snakemake_executor_plugin_{executor.replace('-', '_')}"):
        return describe(Path(spec.origin).parent)
    return json.loads((ROOT / "tests/data/executor_plugins.json").read_text())[executor]


@functools.cache
def options() -> set[str]:
    """Snakemake's own command line options."""
    from snakemake.cli import get_argument_parser

    return {text[2:] for text in get_argument_parser()._option_string_actions if text.startswith("--")}


def is_rule(name: str) -> bool:
    return re.search(rf"^rule {name}:", RULES, re.MULTILINE) is not None


def unknown(profile: dict) -> list[str]:
    """The keys of a profile that nobody reads."""
    executor = profile.get("executor", "local")
    known = plugin(executor)
    settings = {f"{executor}-{name.replace('_', '-')}" for name in known["settings"]}
    wrong = [key for key in profile if key not in options() | settings]
    resources = OWN | set(known["resources"])
    per_rule = profile.get("set-resources", {})
    asked = [profile.get("default-resources", {}), *per_rule.values()]
    wrong += [name for each in asked for name in each if name not in resources]
    wrong += [rule for rule in per_rule if not is_rule(rule)]
    groups = profile.get("groups", {})
    wrong += [rule for rule in groups if not rule.startswith("render_synthetic_") and not is_rule(rule)]
    wrong += [group for group in profile.get("group-components", {}) if group not in groups.values()]
    wrong += [name for name in profile.get("set-resource-scopes", {}) if name not in resources]
    return wrong


def test_there_is_one_for_each_scheduler():
    schedulers = {"slurm", "lsf", "sge", "htcondor", "kubernetes", "cluster-generic"}
    assert set(PROFILES) == {"default", *schedulers}


@pytest.mark.parametrize("name", PROFILES)
def test_every_key_is_known(name):
    assert unknown(load(name)) == []


@pytest.mark.parametrize("name", PROFILES)
def test_a_misspelt_key_is_not(name):
    profile = load(name)
    for key in profile:
        misspelt = {("x" if each == key else "") + each: value for each, value in profile.items()}
        assert unknown(misspelt), key
    for section in ("default-resources", "group-components", "groups"):
        for key in profile.get(section, {}):
            inner = {("x" if each == key else "") + each: value for each, value in profile[section].items()}
            assert unknown(profile | {section: inner}) == [f"x{key}"]


@pytest.mark.parametrize("name", PROFILES)
def test_every_key_has_its_reason(name):
    lines = (ROOT / "profiles" / name / "profile.yaml").read_text().splitlines()
    for number, line in enumerate(lines):
        if re.match(r"^[a-z][\w-]*:", line):
            assert lines[number - 1].lstrip().startswith("#"), line


@pytest.mark.parametrize("name", PROFILES)
def test_no_queue_or_account_is_set_for_the_user(name):
    text = (ROOT / "profiles" / name / "profile.yaml").read_text() + RULES
    assert not re.search(r"^[^#\n]*\b(\w+_)?(partition|account|queue|project)\s*[:=]", text, re.MULTILINE)


def test_jobs_inputs_are_not_measured_for_a_disk_that_no_scheduler_is_asked_for():
    """Snakemake's own default of ``disk_mb`` looks up the size of every input of every job."""
    for name in PROFILES:
        profile = load(name)
        assert profile.get("executor", "local") == "local" or profile["default-resources"]["disk_mb"], name


def test_gpu_jobs_ask_for_one_gpu_and_short_jobs_go_together():
    for name in set(PROFILES) - {"default"}:
        profile = load(name)
        assert profile["retries"] >= 2
        assert profile["group-components"]["sequences"] >= 10
        assert profile["set-resource-scopes"] == {"at_once": "local"}


@pytest.mark.parametrize(
    ("first", "last"), [("# Short jobs go many", "retries: 2"), ("# A file written", "scheduler: greedy")]
)
def test_what_suits_every_cluster_is_the_same_in_every_profile(first, last):
    """Snakemake reads one profile of a workflow, so that each has these lines."""
    texts = [
        (ROOT / "profiles" / name / "profile.yaml").read_text() for name in PROFILES if name != "default"
    ]
    assert len({text[text.index(first) : text.index(f"\n{last}\n")] for text in texts}) == 1


@pytest.fixture(scope="module")
def plugins(tmp_path_factory) -> Path:
    """The plugins that are not in the lock, from the package registry, in a folder of their own."""
    folder = tmp_path_factory.mktemp("plugins")
    wanted = [f"snakemake-executor-plugin-{name}=={version}" for name, version in PINNED.items()]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--retries=1",
        "--timeout=10",
        "--target",
        str(folder),
    ]
    # What they require is here.
    done = subprocess.run([*command, "--no-deps", *wanted], capture_output=True, text=True, timeout=300)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        pytest.skip(f"the plugins that are not in the lock cannot be installed: {' '.join(last)}")
    return folder


def test_the_list_of_settings_is_the_plugins_own(plugins):
    listed = json.loads((ROOT / "tests/data/executor_plugins.json").read_text())
    assert listed == {
        name: {"version": version, **describe(plugins / f"snakemake_executor_plugin_{name}")}
        for name, version in PINNED.items()
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Workflow:
    workflow = Workflow(tmp_path_factory.mktemp("small"))
    write_sheet(workflow.folder / "bp4d.tsv", BP4D)
    dataset = {"layout": "bp4d", "root": "D", "sheet": "bp4d.tsv", "synthetic": {"frames": 14}}
    workflow.configure({"datasets": {"synthetic_bp4d": dataset}, "weights": "none"})
    return workflow


def dry_run(small: Workflow, profile: Path, *folders: Path) -> subprocess.CompletedProcess:
    path = os.pathsep.join([*map(str, folders), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "snakemake", "-n", "--snakefile", str(ROOT / "Snakefile")]
    command += ["results/table1.csv", "--workflow-profile", str(profile), "--configfile", "config.yaml"]
    if profile.name == "default":
        command += ["--cores", "1"]
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(
        command, cwd=small.folder, env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("name", PROFILES)
def test_snakemake_takes_it(name, small, request):
    installed = load(name).get("executor") not in PINNED
    folders = [] if installed else [request.getfixturevalue("plugins")]
    done = dry_run(small, ROOT / "profiles" / name, *folders)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^train +2$", done.stdout + done.stderr, re.MULTILINE)


def test_snakemake_does_not_take_a_misspelt_one(small, tmp_path):
    text = (ROOT / "profiles/slurm/profile.yaml").read_text().replace("slurm-requeue", "slurm-requeu")
    (tmp_path / "profile.yaml").write_text(text)
    done = dry_run(small, tmp_path)
    assert done.returncode != 0
    assert "slurm-requeu" in done.stderr


@pytest.mark.parametrize(
    "script", sorted((ROOT / "profiles").glob("*/*.sh")), ids=lambda path: path.parent.name
)
def test_scripts_parse_and_can_be_run(script):
    assert subprocess.run(["sh", "-n", str(script)]).returncode == 0
    assert os.access(script, os.X_OK)


# What the schedulers' commands print while a job waits or runs, and after it has ended.
ANSWERS = {
    "sge": {
        "running": {"qstat": "7 0.5 snakejob me r 11/24/2026", "qacct": ""},
        "failed": {"qstat": "", "qacct": "failed 37 : qmaster enforced h_rt\nexit_status 137"},
        "success": {"qstat": "", "qacct": "failed 0\nexit_status 0"},
    },
    "cluster-generic": {
        "running": {"qstat": "    job_state = R"},
        "failed": {"qstat": "    job_state = F\n    Exit_status = 271"},
        "success": {"qstat": "    job_state = F\n    Exit_status = 0"},
    },
    "kubernetes": {
        "running": {"kubectl": "done -"},
        "failed": {"kubectl": "done -1"},
        "success": {"kubectl": "done 1-"},
    },
    "htcondor": {
        "running": {"condor_q": "2", "condor_history": ""},
        "failed": {"condor_q": "", "condor_history": "3 undefined"},
        "success": {"condor_q": "", "condor_history": "4 0"},
    },
}


@pytest.mark.parametrize(("name", "state"), [(name, state) for name in ANSWERS for state in ANSWERS[name]])
def test_status_is_read_from_what_the_scheduler_prints(name, state, tmp_path):
    """The schedulers are not here: their answers, as their manuals show them, are printed by stand-ins."""
    for command, answer in ANSWERS[name][state].items():
        (tmp_path / command).write_text(
            f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n" if answer else "#!/bin/sh\nexit 1\n"
        )
        (tmp_path / command).chmod(0o755)
    done = subprocess.run(
        [str(ROOT / f"profiles/{name}/status.sh"), "7"],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == state


def submit(profile: str, command: str, prints: str, folder: Path) -> tuple[str, str]:
    """What a submit script prints, and what it hands to the scheduler's command."""
    (folder / command).write_text(f"#!/bin/sh\ncat > {folder}/description\necho '{prints}'\n")
    (folder / command).chmod(0o755)
    done = subprocess.run(
        [str(ROOT / f"profiles/{profile}/submit.sh"), "4", "8000", "1", "90", "/here/script.sh"],
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, (folder / "description").read_text()


def test_kubernetes_is_asked_for_what_the_rule_asks_for(tmp_path):
    printed, text = submit("kubernetes", "kubectl", "job.batch/g2rl-x7", tmp_path)
    assert printed == "g2rl-x7\n"
    job = yaml.safe_load(text)["spec"]
    pod = job["template"]["spec"]
    assert (job["backoffLimit"], pod["activeDeadlineSeconds"]) == (0, 90 * 60)
    (container,) = pod["containers"]
    assert container["command"] == ["/bin/sh", "/here/script.sh"]
    assert container["workingDir"] == str(tmp_path)
    assert container["resources"]["requests"] == {"cpu": "4", "memory": "8000M"}
    assert container["resources"]["limits"] == {"memory": "8000M", "nvidia.com/gpu": "1"}


def test_htcondor_is_asked_for_what_the_rule_asks_for(tmp_path):
    printed, text = submit("htcondor", "condor_submit", "123.0 - 123.0", tmp_path)
    assert printed == "123.0\n"
    lines = [line.split(" = ", 1) for line in text.splitlines() if " = " in line and line[0] != "#"]
    description = dict(lines)
    asked = [description[f"request_{what}"] for what in ("cpus", "memory", "gpus")]
    assert asked == ["4", "8000MB", "1"]
    assert description["allowed_execute_duration"] == "5400"
    assert (description["executable"], description["initialdir"]) == ("/here/script.sh", str(tmp_path))
    assert description["output"] == "logs/htcondor/$(Cluster).log"
    assert text.splitlines()[-1] == "queue"
