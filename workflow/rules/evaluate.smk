# Predictions for the test subjects of each fold, by the networks and by two image-free baselines, and their metrics.


rule test:
    input:
        model=rules.train.output.model,
        sequences=JOBS.test_sequences,
        checked=ancient(JOBS.checked),
    output:
        RESULTS.predictions("{dataset}", "{run}", "{fold}"),
    log:
        RESULTS.log("{dataset}", "{run}", "fold{fold}", "test"),
    benchmark:
        RESULTS.benchmark("{dataset}", "{run}", "fold{fold}", "test")
    threads: CONFIG.compute.threads
    resources:
        gpu=JOBS.gpus,
        mem_mb=JOBS.megabytes("test"),
        runtime=JOBS.minutes("test"),
    params:
        *code("test"),
        method=code_of_method,
        device=JOBS.device,
    shell:
        "g2rl test {input.model:q} --sequences {input.sequences:q} {params.device} -o {output:q} > {log:q} 2>&1"


rule image_free:
    input:
        train=JOBS.train_sequences,
        test=JOBS.test_sequences,
        checked=ancient(JOBS.checked),
    output:
        RESULTS.predictions("{dataset}", "{image_free}", "{fold}"),
    log:
        RESULTS.log("{dataset}", "{image_free}", "fold{fold}", "image_free"),
    benchmark:
        RESULTS.benchmark("{dataset}", "{image_free}", "fold{fold}", "image_free")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes("image_free"),
        runtime=JOBS.minutes("image_free"),
    params:
        *code("image_free"),
    shell:
        "g2rl image-free {wildcards.image_free} --train {input.train:q} --test {input.test:q}"
        " -o {output:q} > {log:q} 2>&1"


rule import_predictions:
    input:
        csv=JOBS.tool_files,
        test=JOBS.test_sequences,
        checked=ancient(JOBS.checked),
    output:
        predictions=RESULTS.predictions("{dataset}", "{tool}", "{fold}"),
        frames=RESULTS.imported("{dataset}", "{tool}", "{fold}"),
    log:
        RESULTS.log("{dataset}", "{tool}", "fold{fold}", "import"),
    benchmark:
        RESULTS.benchmark("{dataset}", "{tool}", "fold{fold}", "import")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes("image_free"),
        runtime=JOBS.minutes(60),
    params:
        *code("import_predictions"),
        options=JOBS.tool_options,
    shell:
        "g2rl import-predictions --tool {wildcards.tool} {input.csv:q} --dataset {wildcards.dataset}"
        " --fold {wildcards.fold} {params.options:q} > {log:q} 2>&1"


rule metrics:
    input:
        JOBS.fold_predictions,
    output:
        metrics=RESULTS.metrics("{dataset}", "{method}"),
        parts=RESULTS.parts("{dataset}", "{method}"),
    log:
        RESULTS.log("{dataset}", "{method}", "metrics"),
    benchmark:
        RESULTS.benchmark("{dataset}", "{method}", "metrics")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(2000),
        runtime=JOBS.minutes(30),
    params:
        *code("metrics"),
        settings=JOBS.metrics_options,
    shell:
        "g2rl metrics {input:q} {params.settings} --parts {output.parts:q} -o {output.metrics:q} > {log:q} 2>&1"


rule cross_dataset:
    input:
        models=JOBS.models(JOBS.table1_runs("baseline", "g2rl")),
        sequences=JOBS.fold_manifests(),
        metrics=JOBS.metrics(JOBS.table1_runs("baseline", "g2rl")),
    output:
        csv=RESULTS.cross_dataset(".csv"),
        md=report(
            RESULTS.cross_dataset(".md"),
            category="Figures and tables",
            caption="../report/cross_dataset.rst",
            labels={"result": "Across datasets"},
        ),
    log:
        RESULTS.log("cross_dataset"),
    benchmark:
        RESULTS.benchmark("cross_dataset")
    threads: CONFIG.compute.threads
    resources:
        gpu=JOBS.gpus,
        mem_mb=JOBS.megabytes(8000),
        runtime=JOBS.minutes(120),
    params:
        *code("cross_dataset"),
        settings=f"--resamples={CONFIG.resamples}",
        device=JOBS.device,
    shell:
        "g2rl cross-dataset --models {input.models:q} --sequences {input.sequences:q} --metrics {input.metrics:q}"
        " {params.settings} {params.device} -o {output.csv:q} > {log:q} 2>&1"


rule locations:
    input:
        models=JOBS.models(JOBS.table1_runs("baseline", "g2rl")),
        sequences=JOBS.fold_manifests(),
    output:
        csv=RESULTS.locations(".csv"),
        md=report(
            RESULTS.locations(".md"),
            category="Figures and tables",
            caption="../report/locations.rst",
            labels={"result": "Locations"},
        ),
    log:
        RESULTS.log("locations"),
    benchmark:
        RESULTS.benchmark("locations")
    threads: CONFIG.compute.threads
    resources:
        gpu=JOBS.gpus,
        mem_mb=JOBS.megabytes(8000),
        runtime=JOBS.minutes(120),
    params:
        *code("locations"),
        device=JOBS.device,
    shell:
        "g2rl locations --models {input.models:q} --sequences {input.sequences:q} {params.device}"
        " -o {output.csv:q} > {log:q} 2>&1"
