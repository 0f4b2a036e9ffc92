"""The results of a configuration: its runs, and the files that each of its tables and figures is made of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from g2rl.action_units import map_au
from g2rl.config import runs as configured
from g2rl.config.methods import PAPER
from g2rl.config.schema import Config
from g2rl.paths import FIGURE, IMAGE_FREE, PLUS, SMALL_TABLE, SUMMARY, TABLE, Fold, Results, Run
from g2rl.rendered import is_rendered
from g2rl.workflow.manifest import DatasetManifest

SWEEPS = {6: "sigma", 7: "lambda_"}  # figures of sweeps → their values in the configuration


@dataclass(frozen=True)
class Targets:
    """What there is to make.

    Attributes:
        datasets: by name, in the order of the names: that of the configuration decides nothing.
    """

    config: Config
    datasets: Mapping[str, DatasetManifest]

    @property
    def results(self) -> Results:
        return Results(self.config.results)

    # Runs

    @cached_property
    def runs(self) -> dict[str, Run]:
        """The runs of Table 1 and of the sweeps, by name."""
        return {run.name: run for run in configured.runs(self.config)}

    @cached_property
    def trained(self) -> dict[str, Run]:
        """Those and the runs of the ablations."""
        return self.runs | {run.name: run for variant in self.ablations for run in variant}

    @cached_property
    def ablations(self) -> list[list[Run]]:
        """The runs of each variant of the ablations."""
        return [variant for variant, _ in configured.ablation_runs(self.config).values()]

    def table1_runs(self, *methods: str) -> list[str]:
        """The runs of Table 1: each of these methods at the default σ and λ, every seed."""
        sigma, weights = self.config.sigma, (0, self.config.lambda_)
        defaults = [
            run
            for run in self.runs.values()
            if run.variant == PLUS or run.other or (run.sigma == sigma and run.lambda_ in weights)
        ]
        return [run.name for method in methods for run in defaults if run.method == method]

    @property
    def table1_methods(self) -> list[str]:
        """The rows of Table 1 for each dataset."""
        return [*IMAGE_FREE, *self.table1_runs("baseline", "g2rl", PLUS, *self.other_methods)]

    def tools_of(self, dataset: str) -> list[str]:
        """The tools whose predictions of a dataset there are."""
        return [tool for tool, folders in self.config.tools.items() if dataset in folders]

    def table1_metrics(self) -> list[str]:
        """Of every row of Table 1."""
        tools = [self.results.metrics(name, tool) for name in self.datasets for tool in self.tools_of(name)]
        return [*self.metrics(self.table1_methods), *tools]

    def table1_predictions(self) -> list[str]:
        """Of every row of Table 1."""
        tools = [
            file
            for name in self.datasets
            for file in self._of_folds(self.results.predictions, name, self.tools_of(name))
        ]
        return [*self.predictions(self.table1_methods), *tools]

    @property
    def other_methods(self) -> list[str]:
        """The methods beside Baseline and G2RL."""
        return [name for name in self.config.methods if name not in PAPER]

    @property
    def compares_more(self) -> bool:
        """Whether Table 1 has methods beside the paper's and image-free ones."""
        return bool(self.other_methods or self.config.tools)

    @cached_property
    def heatmap_counts(self) -> dict[str, int]:
        """The number of heatmaps of each dataset."""
        kind = self.config.training.maps
        counts = {
            name: (one.aus, configured.used_centres(self.config, one.aus))
            for name, one in self.datasets.items()
        }
        return {name: len(map_au(aus, centres, kind)) for name, (aus, centres) in counts.items()}

    @property
    def figures(self) -> list[int]:
        """The figures of ``all``: those of sweeps where there are values to sweep."""
        return [1, 2, 3, 4, 5, *(figure for figure, key in SWEEPS.items() if getattr(self.config.sweep, key))]

    @property
    def published(self) -> list[str]:
        """The datasets of the paper that are among the layouts: their published rows belong into Table 1."""
        return sorted({one.layout.title for one in self.datasets.values() if one.layout.aus})

    # Files

    def source_files(self) -> list[str]:
        """What the workflow reads and does not make: sample sheets, a copy's media and labels, weights."""
        files = [str(dataset.sheet) for dataset in self.datasets.values()]
        for name, dataset in self.datasets.items():
            if not is_rendered(name):
                files += [file for each in dataset.sequences for file in dataset.source_files(each)]
        return [*files, self.config.weights]  # a name of weights is no file

    def sequences(self, dataset: str, names: Iterable[str]) -> list[str]:
        """Aligned sequences."""
        return [self.results.sequence(dataset, name) for name in names]

    def manifests(self, dataset: str, parts: Iterable[int]) -> list[str]:
        """The fold manifests of these folds: one file in place of thousands."""
        return [self.results.manifest(dataset, part) for part in sorted(parts)]

    def checks(self, datasets: Iterable[str]) -> list[str]:
        return [self.results.check(name) for name in datasets if not is_rendered(name)]

    @property
    def all_checked(self) -> list[str]:
        return [self.results.checked()] if self.checks(self.datasets) else []

    def frames(self) -> list[str]:
        return [self.results.frames(name) for name in self.datasets]

    def metrics(self, methods: Iterable[str]) -> list[str]:
        """Of each dataset."""
        return [self.results.metrics(name, method) for name in self.datasets for method in methods]

    def models(self, methods: Iterable[str]) -> list[str]:
        """Of each dataset and fold."""
        return self._of_datasets(self.results.model, methods)

    def histories(self, methods: Iterable[str]) -> list[str]:
        """Of each dataset and fold."""
        return self._of_datasets(self.results.history, methods)

    def predictions(self, methods: Iterable[str]) -> list[str]:
        """Of each dataset and fold."""
        return self._of_datasets(self.results.predictions, methods)

    def guided_histories(self) -> list[str]:
        """The histories of the G2RL runs of Table 1 and along λ."""
        files = []
        for name in self.datasets:
            guided = [run.name for run in configured.guided_runs(self.config, name)]
            files += self._of_folds(self.results.history, name, guided)
        return files

    def first_fold(self, path: Callable[[str, str, str], str], run: str) -> list[str]:
        """A file of each dataset's first fold."""
        return [path(name, run, f"{manifest.folds[0]}") for name, manifest in self.datasets.items()]

    def first_manifests(self) -> list[str]:
        """The manifest of each dataset's first fold."""
        return [path for name, one in self.datasets.items() for path in self.manifests(name, one.folds[:1])]

    def fold_manifests(self) -> list[str]:
        """The manifest of every fold of each dataset."""
        return [path for name, one in self.datasets.items() for path in self.manifests(name, one.folds)]

    def figure5_predictions(self, wildcards: Any = None) -> list[str]:
        """Of the dataset with the longest sequence, of several the last by name: a curve needs frames."""
        longest = max(self.datasets, key=lambda name: (max(self.datasets[name].lengths.values()), name))
        shown = [self.table1_runs(method)[0] for method in ("baseline", "g2rl")]
        return self._of_folds(self.results.predictions, longest, shown)

    def claims_predictions(self) -> list[str]:
        """The predictions of Baseline, G2RL and the sweeps on each dataset."""
        files = []
        for name in self.datasets:
            runs = [run.name for run in configured.runs(self.config, name) if not (run.variant or run.other)]
            files += self._of_folds(self.results.predictions, name, runs)
        return files

    def compared_models(self) -> list[str]:
        """A Baseline and a G2RL of each dataset's first fold."""
        shown = [self.table1_runs(method)[0] for method in ("baseline", "g2rl")]
        return [path for run in shown for path in self.first_fold(self.results.model, run)]

    def sweep_metrics(self, parameter: Literal["sigma", "lambda"]) -> list[str]:
        """The metrics of the runs over σ or λ."""
        swept = [run.name for run in configured.sweep_runs(self.config, parameter)]
        if parameter == "lambda":
            swept = [*self.table1_runs("baseline"), *swept]
        names = set(configured.sweep_datasets(self.config))
        return [self.results.metrics(name, run) for name in self.datasets if name in names for run in swept]

    def figure6_options(self) -> list[str]:
        """With a second curve, the λ of the first."""
        return [f"--fixed={self.config.lambda_:g}"] if self.config.sweep.match_lambda else []

    # Ablations

    @cached_property
    def ablation_folds(self) -> dict[str, list[str]]:
        """The folds of the ablations on each of their datasets, as names."""
        chosen, validation = self.config.ablations.folds, self.config.ablations.split == "validation"
        names = set(configured.ablation_datasets(self.config))
        return {
            name: [
                Fold(fold, validation).name for fold in manifest.folds if fold in (chosen or manifest.folds)
            ]
            for name, manifest in self.datasets.items()
            if name in names
        }

    def ablation_predictions(self) -> list[str]:
        return self._of_ablations(self.results.predictions)

    def ablation_histories(self) -> list[str]:
        """Of the guided runs."""
        return self._of_ablations(self.results.history, guided=True)

    def ablations_against(self) -> list[str]:
        """Which variants are not compared with the Baseline."""
        return [f"--against={name}={other}" for name, other in configured.compared_with(self.config).items()]

    def _of_ablations(self, path: Callable[[str, str, str], str], guided: bool = False) -> list[str]:
        return [
            path(name, run.name, fold)
            for name, folds in self.ablation_folds.items()
            for variant in self.ablations
            for run in variant
            if run.lambda_ or not guided
            for fold in folds
        ]

    # All files

    def result_files(self) -> list[str]:
        """Every file that ``all`` makes: the lock lists their checksums."""
        summaries = [*map(self.results.table1, TABLE), *map(self.results.claims, SMALL_TABLE)]
        summaries += map(self.results.guidance, SUMMARY)
        summaries += map(self.results.calibration, FIGURE if self.compares_more else ())
        figures = [self.results.figure(number, suffix) for number in self.figures for suffix in FIGURE]
        files = [*summaries, *figures]
        for name in self.datasets:
            trained = [run.name for run in configured.runs(self.config, name)]
            measured = [*trained, *IMAGE_FREE, *self.tools_of(name)]
            files += self._data_files(name, self.datasets[name].sequences)
            files += [*self.manifests(name, self.datasets[name].parts), self.results.frames(name)]
            files += self._weights(self.runs[run] for run in trained)
            files += self._of_folds(self.results.model, name, trained)
            files += self._of_folds(self.results.history, name, trained)
            files += self._of_folds(self.results.predictions, name, measured)
            files += [self.results.metrics(name, method) for method in measured]
            files += self._of_folds(self.results.imported, name, self.tools_of(name))
            files += [self.results.parts(name, method) for method in measured]
        return list(dict.fromkeys(files))

    def ablation_files(self) -> list[str]:
        """Every file that the ablations are made of."""
        files = []
        for name, folds in self.ablation_folds.items():
            manifest, sides = self.datasets[name], [Fold.parse(fold) for fold in folds]
            used = {one for k in sides for one in manifest.train(k.number, k.validation)}
            used |= {one for k in sides for one in manifest.test(k.number, k.validation)}
            files += self._data_files(name, sorted(used))
            files += self.manifests(name, manifest.parts) if self.config.ablations.split == "test" else []
        files += self._weights(run for variant in self.ablations for run in variant)
        for path in (self.results.model, self.results.history, self.results.predictions):
            files += self._of_ablations(path)
        return list(dict.fromkeys(files))

    def _data_files(self, dataset: str, sequences: Iterable[str]) -> list[str]:
        """The files of some of a dataset's sequences before any training; rendered ones count where they
        lie below the results folder."""
        manifest = self.datasets[dataset]
        files = [self.results.head()] if is_rendered(dataset) else self.checks([dataset])
        inside = is_rendered(dataset) and manifest.root.is_relative_to(self.results.root)
        for name in sequences:
            files += manifest.rendered_files(name) if inside else []
            files += [self.results.landmarks(dataset, name), self.results.sequence(dataset, name)]
        return files

    def _weights(self, runs: Iterable[Run]) -> list[str]:
        if self.config.weights == "none":
            return []
        backbones = [configured.run_config(self.config, run).training.backbone for run in runs]
        return [self.results.weights(backbone) for backbone in dict.fromkeys(backbones)]

    def _of_datasets(self, path: Callable[[str, str, str], str], methods: Iterable[str]) -> list[str]:
        """A file of each fold of these methods on every dataset."""
        names = list(methods)
        return [file for dataset in self.datasets for file in self._of_folds(path, dataset, names)]

    def _of_folds(
        self, path: Callable[[str, str, str], str], dataset: str, methods: Iterable[str]
    ) -> list[str]:
        """A file of each fold of these methods on a dataset."""
        return [
            path(dataset, method, f"{fold}") for method in methods for fold in self.datasets[dataset].folds
        ]


def missing(files: Iterable[str], of: str) -> Callable[[Any], list[str]]:
    """An input function: the files that are not there though ``of`` is, which is made of all of them.

    Snakemake deletes the outputs of a job before it makes them again, and where the job then fails or is cut
    off they stay away. It would not miss them: what was made of them before is there and up to date.
    """
    return lambda wildcards: [path for path in files if not Path(path).exists()] if Path(of).exists() else []
