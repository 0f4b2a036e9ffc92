# Predictions of each fold's test subjects, by the networks and by two simpler predictors, and their measures.


rule test:
    input:
        model=rules.train.output.model,
        sequences=test_sequences,
        replanned=replanned,
    output:
        "results/{dataset}/{run}/fold{fold}/predictions.csv",
    params:
        *code("test"),
        device=f"--device={'auto' if CONFIG.compute.gpu else 'cpu'}",
    log:
        "logs/{dataset}/{run}/fold{fold}/test.log",
    benchmark:
        "logs/benchmarks/{dataset}/{run}/fold{fold}/test.tsv"
    threads: CONFIG.compute.threads
    resources:
        gpu=int(CONFIG.compute.gpu),
        mem_mb=megabytes("test"),
        runtime=minutes("test"),
    shell:
        "g2rl test {input.model:q} --sequences {input.sequences:q} {params.device} -o {output:q} > {log:q} 2>&1"


rule image_free:
    input:
        train=train_sequences,
        test=test_sequences,
        replanned=replanned,
    output:
        "results/{dataset}/{image_free}/fold{fold}/predictions.csv",
    params:
        *code("image_free"),
    log:
        "logs/{dataset}/{image_free}/fold{fold}/image_free.log",
    benchmark:
        "logs/benchmarks/{dataset}/{image_free}/fold{fold}/image_free.tsv"
    threads: 1
    resources:
        mem_mb=megabytes("image_free"),
        runtime=minutes("image_free"),
    shell:
        "g2rl image-free {wildcards.image_free} --train {input.train:q} --test {input.test:q}"
        " -o {output:q} > {log:q} 2>&1"


rule metrics:
    input:
        lambda wildcards: expand(
            "results/{dataset}/{method}/fold{fold}/predictions.csv",
            fold=PLANS[wildcards.dataset].folds,
            **wildcards,
        ),
    output:
        report(
            "results/{dataset}/{method}/metrics.csv",
            category="Measures",
            subcategory="{dataset}",
            caption="../report/metrics.rst",
            labels={"run": "{method}"},
        ),
    params:
        *code("metrics"),
        settings=f"--resamples={CONFIG.resamples}",
    log:
        "logs/{dataset}/{method}/metrics.log",
    benchmark:
        "logs/benchmarks/{dataset}/{method}/metrics.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(30),
    shell:
        "g2rl metrics {input:q} {params.settings} -o {output:q} > {log:q} 2>&1"


rule cross_dataset:
    input:
        models=[
            path
            for name in PLANS
            for method in ("baseline", "g2rl")
            for run in default_runs(method)
            for path in every_fold("model.safetensors", run, name)
        ],
        sequences=[path for name, plan in PLANS.items() for path in manifests(name, plan.folds)],
        metrics=[
            f"results/{name}/{run}/metrics.csv"
            for name in PLANS
            for method in ("baseline", "g2rl")
            for run in default_runs(method)
        ],
    output:
        "results/cross_dataset.csv",
        report(
            "results/cross_dataset.md",
            category="Results",
            caption="../report/cross_dataset.rst",
            labels={"result": "Across datasets"},
        ),
    params:
        *code("cross_dataset"),
        settings=f"--resamples={CONFIG.resamples}",
        device=f"--device={'auto' if CONFIG.compute.gpu else 'cpu'}",
    log:
        "logs/cross_dataset.log",
    benchmark:
        "logs/benchmarks/cross_dataset.tsv"
    threads: CONFIG.compute.threads
    resources:
        gpu=int(CONFIG.compute.gpu),
        mem_mb=megabytes(8000),
        runtime=minutes(120),
    shell:
        "g2rl cross-dataset --models {input.models:q} --sequences {input.sequences:q} --metrics {input.metrics:q}"
        " {params.settings} {params.device} -o {output[0]:q} > {log:q} 2>&1"
