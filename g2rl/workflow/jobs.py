"""The inputs, options and resources of each job, as the rules ask for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from g2rl.config import runs as configured
from g2rl.evaluation.tool_formats import TOOLS as KNOWN
from g2rl.paths import Fold
from g2rl.workflow.resources import Need, image_free_need, network_need, sequence_need
from g2rl.workflow.targets import Targets


@dataclass(frozen=True)
class Jobs(Targets):
    """What a rule asks for with the wildcards of a job, and all that there is to make."""

    # Inputs of one job

    def media(self, wildcards: Any) -> str:
        return self.datasets[wildcards.dataset].media(wildcards.sequence)

    def labels(self, wildcards: Any) -> list[str]:
        return self.datasets[wildcards.dataset].labels(wildcards.sequence)

    def sheet(self, wildcards: Any) -> str:
        return str(self.datasets[wildcards.dataset].sheet)

    def check(self, wildcards: Any) -> list[str]:
        """The check of the copy, which everything made of it waits for; rendered datasets need none."""
        return self.checks([wildcards.dataset])

    def allowed_faults(self, wildcards: Any) -> list[str]:
        """The check of a copy whose errors are allowed: it lists the sequences to skip."""
        allowed = self.config.datasets[wildcards.dataset].allow_faults
        return self.check(wildcards) if allowed else []

    def checked(self, wildcards: Any) -> list[str]:
        """What is written when all copies are checked, for jobs that take long: they would start at once, on
        files that are made again once the check is done."""
        return self.all_checked if self.check(wildcards) else []

    def part_sequences(self, wildcards: Any) -> list[str]:
        return self.sequences(wildcards.dataset, self.datasets[wildcards.dataset].parts[int(wildcards.part)])

    def part_manifests(self, wildcards: Any) -> list[str]:
        """All manifests of a dataset, fold 0 among them."""
        return self.manifests(wildcards.dataset, self.datasets[wildcards.dataset].parts)

    def train_sequences(self, wildcards: Any) -> list[str]:
        """The manifests of all folds but its own; of a validation, which divides folds, the sequences."""
        dataset, fold = self.datasets[wildcards.dataset], Fold.parse(wildcards.fold)
        if fold.validation:
            return self.sequences(wildcards.dataset, dataset.train(fold.number, validation=True))
        return self.manifests(wildcards.dataset, dataset.parts.keys() - {fold.number})

    def test_sequences(self, wildcards: Any) -> list[str]:
        """The manifest of its own fold; of a validation the sequences."""
        dataset, fold = self.datasets[wildcards.dataset], Fold.parse(wildcards.fold)
        if fold.validation:
            return self.sequences(wildcards.dataset, dataset.test(fold.number, validation=True))
        return self.manifests(wildcards.dataset, [fold.number])

    def start_weights(self, wildcards: Any) -> list[str]:
        """Where the backbone of a run starts: a file of weights, or none."""
        if self.start_model(wildcards):
            return []
        return self._weights([self.trained[wildcards.run]])

    def start_model(self, wildcards: Any) -> list[str]:
        """The same run's model of the dataset that this one's trainings start from, or none; methods other
        than Baseline and G2RL start from the weights."""
        if self.trained[wildcards.run].other:
            return []
        start = self.config.datasets[wildcards.dataset].start_from
        return [self.results.model(start, wildcards.run, f"{self.datasets[start].folds[0]}")] if start else []

    def fold_predictions(self, wildcards: Any) -> list[str]:
        """The predictions of every fold."""
        return self._of_folds(self.results.predictions, wildcards.dataset, [wildcards.method])

    # Options of one job

    def check_options(self, wildcards: Any) -> list[str]:
        allowed = self.config.datasets[wildcards.dataset].allow_faults
        return [*self.datasets[wildcards.dataset].check_options, *["--allow-faults"] * allowed]

    def copy_stamp(self, wildcards: Any) -> str:
        return self.datasets[wildcards.dataset].stamp()

    def render_options(self, dataset: str) -> Callable[[Any], list[str]]:
        synthetic = self.config.datasets[dataset].synthetic
        settings = configured.option_flags(synthetic) if synthetic else []
        pattern = self.datasets[dataset].layout.sequence_pattern
        return lambda wildcards: [*self._sequence_options(dataset, pattern.format(**wildcards)), *settings]

    def landmarks_options(self, wildcards: Any) -> list[str]:
        photos = ["--photos"] * self.datasets[wildcards.dataset].layout.has_photos
        return [f"--detector={self.config.frames.detector}", *photos]

    def align_options(self, wildcards: Any) -> list[str]:
        """The sequence, and which of its frames are used; a layout without known bad frames does not depend
        on that key."""
        known = self.datasets[wildcards.dataset].layout.has_known_bad_frames
        leave_out = ["detector", *([] if known else ["exclude_known_bad"])]
        frames = configured.option_flags(self.config.frames, leave_out)
        return [*self._sequence_options(wildcards.dataset, wildcards.sequence), *frames]

    def train_options(self, wildcards: Any) -> list[str]:
        run, aus = self.trained[wildcards.run], self.datasets[wildcards.dataset].aus
        return [f"--dataset={wildcards.dataset}", *configured.training_flags(self.config, run, aus)]

    @property
    def metrics_options(self) -> str:
        rounded = " --rounded" if self.config.measures.rounded else ""
        return f"--resamples={self.config.resamples}{rounded}"

    @property
    def table1_options(self) -> list[str]:
        sample = {True: "in-sample", False: "out-of-sample"}
        marks = [
            f"--mark={name}={tool}={sample[KNOWN[tool].has_seen(one.layout.name, one.rendered)]}"
            for name, one in self.datasets.items()
            for tool in self.tools_of(name)
        ]
        return [
            *configured.option_flags(self.config.measures),
            f"--resamples={self.config.resamples}",
            *marks,
        ]

    def tool_files(self, wildcards: Any) -> list[str]:
        """A tool's CSV files of a fold."""
        folder, manifest = (
            self.config.tools[wildcards.tool][wildcards.dataset],
            self.datasets[wildcards.dataset],
        )
        return [f"{folder}/{name}.csv" for name in manifest.test(int(wildcards.fold))]

    def tool_options(self, wildcards: Any) -> list[str]:
        manifest = self.datasets[wildcards.dataset]
        where = [f"--layout={manifest.layout.name}", f"--root={manifest.root}"]
        return [*where, f"--results={self.results.root}"]

    def _sequence_options(self, dataset: str, sequence: str) -> list[str]:
        manifest = self.datasets[dataset]
        where = [f"--layout={manifest.layout.name}", f"--root={manifest.root}"]
        return [*where, f"--sequence={sequence}", f"--subject={manifest.sequences[sequence].subject}"]

    @property
    def device(self) -> str:
        return self.config.compute.device

    @property
    def gpus(self) -> int:
        """How many a training or test asks for."""
        return int(bool(self.config.compute.gpu))

    # Memory and time of one job; both double at every attempt

    def megabytes(self, first: int | str) -> Callable[[Any, int], int]:
        """Memory: a number, or a stage, whose need follows the size of its data."""
        return lambda wildcards, attempt: (
            2 ** (attempt - 1) * (self._need(first, wildcards).megabytes if isinstance(first, str) else first)
        )

    def minutes(self, first: int | str) -> Callable[[Any, int], int]:
        """Time, as ``megabytes``."""
        return lambda wildcards, attempt: (
            2 ** (attempt - 1) * (self._need(first, wildcards).minutes if isinstance(first, str) else first)
        )

    def _need(self, stage: str, wildcards: Any) -> Need:
        manifest = self.datasets[wildcards.dataset]
        if stage in ("landmarks", "align"):
            return sequence_need(stage, manifest, wildcards.sequence)
        if stage == "image_free":
            return image_free_need(manifest)
        config = configured.run_config(self.config, self.trained[wildcards.run])
        return network_need(stage, config, manifest, Fold.parse(wildcards.fold).number)
