"""Which trainings a configuration asks for, and the options of ``g2rl train`` that make each."""

from collections.abc import Collection, Sequence
from typing import Literal

from g2rl.action_units import Centres, format_centres
from g2rl.config.au_centres import centres_in_use
from g2rl.config.balance import matched_lambda
from g2rl.config.method_settings import resolve_method
from g2rl.config.methods import PAPER
from g2rl.config.schema import Config, Section
from g2rl.config.training import Training
from g2rl.config.variants import resolve_variant, variants
from g2rl.paths import PLUS, Run

# The keys that only a guided training (λ > 0) reads: the Baseline does not depend on them.
GEOMETRY_KEYS = (
    "guidance",
    "geometry",
    "geometry_reduction",
    "geometry_init",
    "geometry_bias",
    "geometry_relu",
    "landmark_units",
    "adjacency",
    "dynamic_adjacency",
    "projection",
    "projection_channels",
    "projection_init",
    "permute_landmarks",
    "lr_geometry",
    "lr_projection",
)


def compared_with(config: Config) -> dict[str, str]:
    """What the variants are compared with that are not compared with the Baseline."""
    found = {name: resolve_variant(config, name).against for name in variants(config)}
    return {name: other for name, other in found.items() if other != "baseline"}


def guided_runs(config: Config, dataset: str) -> list[Run]:
    """The G2RL runs of Table 1 and along λ."""
    found = [run for run in runs(config, dataset) if run.lambda_ and not run.variant]
    return [run for run in found if run.sigma == config.sigma]


def ablation_datasets(config: Config) -> list[str]:
    """The datasets of the ablations."""
    return [name for name in config.datasets if name in (config.ablations.datasets or config.datasets)]


def ablation_runs(config: Config) -> dict[str, tuple[list[Run], list[Run]]]:
    """Each variant's runs, seed by seed, and those it is compared with: Baseline, G2RL, then the others."""
    settings = {"baseline": (config.sigma, 0.0, ""), "g2rl": (config.sigma, config.lambda_, "")}
    against = {"baseline": "baseline", "g2rl": "baseline"}
    for name in variants(config):
        variant = resolve_variant(config, name)
        settings[name], against[name] = (variant.sigma, variant.lambda_, name), variant.against
    every = {
        name: [Run(sigma, weight, seed, variant) for seed in config.ablations.seeds]
        for name, (sigma, weight, variant) in settings.items()
    }
    return {name: (every[name], every[other]) for name, other in against.items()}


def sweep_datasets(config: Config) -> list[str]:
    """The datasets of Figures 6 and 7."""
    return [name for name in config.datasets if name in (config.sweep.datasets or config.datasets)]


def runs(config: Config, dataset: str | None = None) -> list[Run]:
    """The baseline, G2RL, and G2RL over σ and over λ, each once, seed by seed; of all datasets, or of one."""
    settings = [(config.sigma, 0.0), (config.sigma, config.lambda_)]
    if dataset is None or dataset in sweep_datasets(config):
        settings += [(sigma, config.lambda_) for sigma in sorted(config.sweep.sigma)]
        settings += matched_settings(config)
        settings += [(config.sigma, weight) for weight in sorted(config.sweep.lambda_)]
    every = [Run(*setting, seed) for seed in config.seeds for setting in settings]
    if config.plus is not None:
        plus = resolve_variant(config, PLUS)
        every += [Run(plus.sigma, plus.lambda_, seed, PLUS) for seed in config.seeds]
    others = [name for name in config.methods if name not in PAPER]
    every += [Run(0, 0, seed, other=name) for seed in config.seeds for name in others]
    return list({run.name: run for run in every}.values())


def matched_settings(config: Config) -> list[tuple[float, float]]:
    """σ and λ of Figure 6's second curve, where the configuration asks for it."""
    if not config.sweep.match_lambda:
        return []
    amplitude = config.training.amplitude
    return [
        (sigma, matched_lambda(config.lambda_, config.sigma, sigma, amplitude))
        for sigma in sorted({config.sigma, *config.sweep.sigma})
    ]


def sweep_runs(config: Config, parameter: Literal["sigma", "lambda"]) -> list[Run]:
    """The G2RL runs along one parameter, the default's among them: the points of Figure 6 or 7."""
    found = [run for run in runs(config) if run.lambda_ and not run.variant]
    if parameter == "sigma":
        matched = matched_settings(config)
        along = [run for run in found if run.lambda_ == config.lambda_ or (run.sigma, run.lambda_) in matched]
        return sorted(along, key=lambda run: (run.lambda_ != config.lambda_, run.sigma))
    return sorted((run for run in found if run.sigma == config.sigma), key=lambda run: run.lambda_)


def option_flags(section: Training | Section, leave_out: Collection[str] = ()) -> list[str]:
    """A section as command-line options, ``--key=value``, in the order of its keys; null gives none."""
    options = []
    for key, value in vars(section).items():
        if key in leave_out:
            continue
        option = "--" + key.strip("_").replace("_", "-")
        if isinstance(value, bool):
            options.append(option if value else option.replace("--", "--no-", 1))
        elif value is not None:
            text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            options.append(f"{option}={text}")
    return options


def run_config(config: Config, run: Run) -> Config:
    """The configuration with the training of a run, which a variant or another method changes."""
    if run.other:
        return config.model_copy(update={"training": resolve_method(config, run.other)[0]})
    if not run.variant:
        return config
    return config.model_copy(update={"training": resolve_variant(config, run.variant).training})


def used_centres(config: Config, aus: Sequence[int]) -> Centres:
    """Where ``aus`` lie; an AU's own centres in the configuration come before the set's.

    Raises:
        InputError: one of them has no location.
    """
    return centres_in_use(config.training.centres, own_centres_text(config), aus)


def own_centres_text(config: Config) -> str:
    """``au_centres`` in the notation of ``parse_centres``."""
    return ", ".join(f"{au}: {points}" for au, points in config.au_centres.items())


def training_flags(config: Config, run: Run, aus: Sequence[int]) -> list[str]:
    """The options of ``g2rl train`` that make a run on a dataset with ``aus``; the Baseline's are without
    those of the module."""
    own = resolve_method(config, run.other)[1] if run.other else {}
    config = run_config(config, run)
    training = config.training
    return [
        *([f"--method={run.other}"] if run.other else []),
        *(f"--method-setting={key}={value}" for key, value in own.items()),
        f"--sigma={run.sigma or config.sigma:g}",
        f"--lambda={run.lambda_:g}",
        f"--seed={run.seed}",
        *option_flags(training, leave_out=() if run.lambda_ else GEOMETRY_KEYS),
        f"--au-centres={format_centres(used_centres(config, aus))}",
        config.compute.device,
    ]
