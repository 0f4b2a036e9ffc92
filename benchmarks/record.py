"""Shared by the benchmarks: alternating repetitions, and benchmarks/results.json.

    python benchmarks/record.py            # writes the table of docs/performance.md from results.json

An entry is ``{"ours", "other", "ratio", "unit", "machine", "versions", "date"}``. A ratio above 1
means that ours is better: ours / other of a rate, other / ours of a time or an error. Other entries are kept,
so that a run on a laptop does not remove those measured on a GPU.
"""

import datetime
import json
import os
import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from g2rl.io.atomic import atomic_path, write_text
from g2rl.io.markdown import pipe_table

RESULTS = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parents[1] / "docs/performance.md"
MARKS = ("<!-- results -->\n", "<!-- /results -->\n")
# Listed as not measured if they are missing.
EXPECTED = (
    "landmarks_vs_naive_mjpg_1024x768",
    "landmarks_vs_naive_mp4v_1024x768",
    "landmarks_vs_naive_jpeg_1040x1392",
    "shard_vs_decode",
    "shard_vs_decode_two_cores",
    "train_step_vs_reference_cpu",
    "nothing_to_do_seconds",
    "paper_dry_run_seconds",
    "embedded_default_seconds",
    "paper_gpu_hours",
    "train_gpu_images_per_second",
    "train_gpu_vs_compute_only",
    "train_gpu_vs_reference",
    "train_gpu_share_of_limit",
)


def rate(ours: float, other: float | None, unit: str) -> dict:
    """An entry for which more is better."""
    return _entry(ours, other, other and ours / other, unit)


def cost(ours: float, other: float | None, unit: str) -> dict:
    """An entry for which less is better."""
    return _entry(ours, other, other and other / ours, unit)


def _entry(ours: float, other: float | None, ratio: float | None, unit: str) -> dict:
    values = {"ours": ours, "other": other, "ratio": ratio}
    return {name: value and float(f"{float(value):.4g}") for name, value in values.items()} | {"unit": unit}


def best_times(
    ways: Iterable[Callable[[], object]], turns: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Seconds of each way, the best of ``turns`` alternating repetitions."""
    ways = list(ways)
    best = [float("inf")] * len(ways)
    for _ in range(turns):
        for number, way in enumerate(ways):
            start = clock()
            way()
            best[number] = min(best[number], clock() - start)
    return best


def machine() -> str:
    """Processor, cores, memory."""
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in cpu.split("\n\n")[0].splitlines())
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    units = [name for flag, name in (("amx_tile", "AMX"), ("avx512f", "AVX-512")) if flag in fields["flags"]]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    name = f"{fields['model name']} (family {fields['cpu family']}, model {fields['model']})"
    return ", ".join([name, *units[:1], f"{len(os.sched_getaffinity(0))} cores", f"{memory:.0f} GiB"])


def record(results: dict[str, dict], packages: Iterable[str], where: str | None = None) -> None:
    """Merge ``{name: entry}`` into results.json and print it."""
    about = {
        "machine": where or machine(),
        "versions": {name: version(name) for name in packages},
        "date": datetime.date.today().isoformat(),
    }
    entries = json.loads(RESULTS.read_text(encoding="utf-8"))
    entries |= {name: result | about for name, result in results.items()}
    lines = [f"  {json.dumps(name)}: {json.dumps(entries[name])}" for name in sorted(entries)]
    with atomic_path(RESULTS) as temporary:
        temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for name, result in results.items():
        print(f"{name:40s} {json.dumps(result)}", flush=True)


def table(entries: dict[str, dict]) -> str:
    """results.json as Markdown: one row per entry, then the machines by letter."""
    machines = sorted({entry["machine"] for entry in entries.values()})
    letters = {name: chr(ord("A") + number) for number, name in enumerate(machines)}
    header, rows = ["name", "ours", "other", "ratio", "unit", "machine", "date"], []
    for name, entry in sorted(entries.items()):
        values = ("–" if entry[key] is None else f"{entry[key]:g}" for key in ("ours", "other", "ratio"))
        rows.append([f"`{name}`", *values, entry["unit"], letters[entry["machine"]], entry["date"]])
    missing = [name for name in EXPECTED if name not in entries]
    notes = [f"{letter}: {name}." for name, letter in letters.items()]
    if missing:
        notes.append(f"Not measured: {', '.join(f'`{name}`' for name in missing)}.")
    text = pipe_table(header, "|---|---:|---:|---:|---|---|---|", rows)
    return "\n".join([text, "", "  \n".join(notes)]) + "\n"


def write_between(page: Path, marks: tuple[str, str], text: str) -> None:
    """Replace what stands between two marks of a page."""
    before, rest = page.read_text(encoding="utf-8").split(marks[0])
    write_text(page, f"{before}{marks[0]}{text}{marks[1]}{rest.split(marks[1])[1]}")


def main() -> None:
    write_between(PAGE, MARKS, table(json.loads(RESULTS.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
