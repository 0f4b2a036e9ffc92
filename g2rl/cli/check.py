"""Check a copy of a dataset: is it whole, does it decode, do frames and codes meet? Status 1 on errors.

Layout, sheet and AU locations that are not given are those of ROOT/config.yaml, which g2rl init writes.

example: g2rl check DISFA --layout disfa -o check.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from g2rl.datasets.registry import LAYOUTS
    from g2rl.workflow.cores import available_cores

    parser.add_argument("root", type=Path, help="the dataset's folder")
    parser.add_argument(
        "--layout", choices=LAYOUTS, help="how it is laid out; default: that of ROOT/config.yaml"
    )
    parser.add_argument(
        "--sheet",
        type=Path,
        metavar="TSV",
        help="check these sequences; default: those of ROOT/config.yaml, else all that were published",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="every finding, CSV; default: no file"
    )
    parser.add_argument(
        "--decode", action="store_true", help="decode every coded image, not just its start and end"
    )
    parser.add_argument(
        "--au-centres",
        metavar="TEXT",
        help="locations of AUs beside the default set, as in the configuration: 7: 37+41 44+46; default: "
        "locations and set of ROOT/config.yaml",
    )
    parser.add_argument(
        "--no-centres", action="store_true", help="do not check whether every AU has a location"
    )
    parser.add_argument("--allow-faults", action="store_true", help="status 0 even if there are errors")
    parser.add_argument(
        "--jobs", type=int, default=available_cores(), metavar="N", help="processes, as many as cores"
    )


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.config.beside import Copy, fill_in
    from g2rl.datasets.integrity.check import check, exit_status
    from g2rl.datasets.integrity.findings import format_findings
    from g2rl.datasets.integrity.findings_file import write_findings
    from g2rl.datasets.registry import get_layout
    from g2rl.workflow.processes import exit_with_parent

    given = Copy(options.layout or "", options.sheet, "" if options.no_centres else options.au_centres)
    copy = fill_in(given, options.root)
    findings = check(
        get_layout(copy.layout),
        options.root,
        copy.sheet,
        options.jobs,
        options.decode,
        initializer=exit_with_parent,
        centres=None if options.no_centres else copy.centres or "",
        centre_set=copy.centre_set,
    )
    if options.output:
        write_findings(options.output, findings)
    print(format_findings(findings))
    status = 0 if options.allow_faults else exit_status(findings)
    return Outcome([copy.sheet], [options.output], status)
