"""Tell what a rebuild takes: jobs, images, hours, disk. Status 1 if the disk is too small.

example: g2rl estimate config/paper.yaml
"""

import argparse
import os
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, nargs="?", default=Path("config/config.yaml"))
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="default: all, %(default)s")
    parser.add_argument(
        "--results", type=Path, default=Path(), metavar="DIR", help="where results/ lies; default: here"
    )


def run(options: argparse.Namespace) -> int:
    import shutil

    import torch

    from g2rl.config.load import load
    from g2rl.workflow.estimate import count_frames, estimate, format_plan, model_bytes
    from g2rl.workflow.manifest import load_manifests

    config = load(options.config)
    data = count_frames(config, load_manifests(config))
    gpu = config.compute.gpu and torch.cuda.is_available()
    stages = estimate(config, data, options.cores, gpu, model_bytes(config, data))
    free = shutil.disk_usage(options.results).free
    print(format_plan(stages, data, options.cores, gpu, free))
    return int(free < sum(stage.bytes for stage in stages))
