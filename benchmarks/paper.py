"""The paper's full set on one H100 and eight cores, projected from g2rl/resources/rates.tsv.

    python benchmarks/paper.py

Frames are counted from the committed sheets and the published ranges of coded frames, so no data is needed.
Landmarks are found in all frames of a folder: at least those up to the last coded one. `g2rl estimate
config/paper.yaml` counts a licence holder's files.
"""

from pathlib import Path

from record import cost, record

from g2rl.config import load
from g2rl.config import schema as config
from g2rl.datasets.registry import get_layout
from g2rl.datasets.sheet import read_sheet
from g2rl.workflow.estimate import Data, estimate, format_estimate, model_bytes, training_pixels
from g2rl.workflow.manifest import DatasetManifest

ROOT = Path(__file__).resolve().parents[1]


def published() -> tuple[config.Config, dict[str, Data]]:
    """The paper's configuration, and its datasets as they were published."""
    parsed = load.load(ROOT / "config/paper.yaml")
    data = {}
    for name, dataset in parsed.datasets.items():
        layout, rows = get_layout(dataset.layout), read_sheet(ROOT / dataset.sheet)
        ranges = layout.published(Path())
        coded = {row.sequence: ranges[row.sequence][1] - ranges[row.sequence][0] + 1 for row in rows}
        plan = DatasetManifest(
            layout, Path(dataset.root), ROOT / dataset.sheet, {row.sequence: row for row in rows}
        )
        data[name] = Data(plan, sum(ranges[sequence][1] for sequence in coded), coded)
    return parsed, data


def main() -> None:
    parsed, data = published()
    stages = estimate(parsed, data, 8, True, model_bytes(parsed, data))
    print(format_estimate(stages, data, 8, True, 10**13, training_pixels(parsed, data)))
    hours = {stage.name: stage.gpu_hours for stage in stages}
    gpu, cores = "h on one H100, training and test", "h on 8 cores of the machine of rates.tsv"
    results = {
        "paper_gpu_hours": cost(hours["train"] + hours["test"], None, gpu),
        "paper_landmark_hours": cost(hours["landmarks"], None, cores),
    }
    record(results, ("torch",), "projected from g2rl/resources/rates.tsv")


if __name__ == "__main__":
    main()
