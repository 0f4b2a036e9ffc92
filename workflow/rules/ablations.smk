# Does geometry help? What L_G does in the guided trainings, and variants of the training beside the Baseline.


def histories(runs, name, folds):
    """The histories of a dataset's guided runs."""
    return [f"results/{name}/{run.name}/fold{fold}/history.csv" for run in runs if run.lambda_ for fold in folds]


def ablation_folds(name):
    """The folds of the ablations on a dataset, with a v for validation."""
    chosen = CONFIG.ablations.folds or PLANS[name].folds
    mark = {"test": "", "validation": "v"}[CONFIG.ablations.split]
    return [f"{fold}{mark}" for fold in PLANS[name].folds if fold in chosen]


def ablation_stages(name):
    """The same as stages, of the ablations on a dataset."""
    compared = {run.name for variant, _ in COMPARED.values() for run in variant}
    folders = [f"results/{name}/{run}/fold{fold}" for run in sorted(compared) for fold in ablation_folds(name)]
    return [
        [f"results/{name}/landmarks/{sequence}.h5" for sequence in PLANS[name].sequences],
        sequence_files(name, PLANS[name].sequences),
        manifests(name, PLANS[name].parts) if CONFIG.ablations.split == "test" else [],
        [path for run in sorted(compared) for path in start_weights(TRAINED[run])],
        [f"{folder}/model.safetensors" for folder in folders],
        [f"{folder}/predictions.csv" for folder in folders],
        ["results/ablations.csv", "results/ablations_guidance.csv"],
    ]


rule guidance:
    input:
        [
            path
            for name, plan in PLANS.items()
            for path in histories(guided_runs(CONFIG, name), name, plan.folds)
        ],
    output:
        "results/guidance.csv",
        "results/guidance.md",
        "results/guidance.pdf",
        report(
            "results/guidance.png",
            category="Results",
            caption="../report/guidance.rst",
            labels={"result": "What L_G really does"},
        ),
    params:
        *code("guidance"),
    log:
        "logs/guidance.log",
    benchmark:
        "logs/benchmarks/guidance.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    shell:
        "g2rl guidance {input:q} -o {output[0]:q} > {log:q} 2>&1"


use rule guidance as guidance_of_variants with:
    input:
        [
            path
            for name in ablation_datasets(CONFIG)
            for runs, _ in COMPARED.values()
            for path in histories(runs, name, ablation_folds(name))
        ],
    output:
        "results/ablations_guidance.csv",
        "results/ablations_guidance.md",
        "results/ablations_guidance.pdf",
        report(
            "results/ablations_guidance.png",
            category="Results",
            caption="../report/guidance.rst",
            labels={"result": "What L_G really does in the ablations"},
        ),
    log:
        "logs/ablations_guidance.log",
    benchmark:
        "logs/benchmarks/ablations_guidance.tsv"


rule compare:
    input:
        [
            f"results/{name}/{run.name}/fold{fold}/predictions.csv"
            for name in ablation_datasets(CONFIG)
            for runs, _ in COMPARED.values()
            for run in runs
            for fold in ablation_folds(name)
        ],
    output:
        "results/ablations.csv",
        report(
            "results/ablations.md",
            category="Results",
            caption="../report/ablations.rst",
            labels={"result": "Ablations"},
        ),
        "results/ablations.pdf",
        report(
            "results/ablations.png",
            category="Results",
            caption="../report/ablations.rst",
            labels={"result": "Ablations, figure"},
        ),
    params:
        *code("ablations"),
        settings=f"--resamples={CONFIG.resamples}",
        against=[f"--against={name}={other}" for name, other in compared_with(CONFIG).items()],
    log:
        "logs/ablations.log",
    benchmark:
        "logs/benchmarks/ablations.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(30),
    shell:
        "g2rl ablations {input:q} {params.against:q} {params.settings} -o {output[0]:q} > {log:q} 2>&1"
