# Table 1, Figures 1 to 7, and the lock of all results.


rule table1:
    input:
        metrics=JOBS.table1_metrics(),
        histories=JOBS.histories(JOBS.table1_runs("g2rl")),
        frames=JOBS.frames(),
        predictions=JOBS.table1_predictions(),
    output:
        csv=RESULTS.table1(".csv"),
        md=RESULTS.table1(".md"),
        tex=RESULTS.table1(".tex"),
        html=report(
            RESULTS.table1(".html"),
            category="Figures and tables",
            caption="../report/table1.rst",
            labels={"result": "Table 1"},
        ),
    log:
        RESULTS.log("table1"),
    benchmark:
        RESULTS.benchmark("table1")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(10),
    params:
        *code("table"),
        recipe=recipe(CONFIG, JOBS.heatmap_counts),
        published=JOBS.published,
        settings=JOBS.table1_options,
    shell:
        "g2rl table {input.metrics:q} --histories {input.histories:q} --frames {input.frames:q}"
        " --predictions {input.predictions:q} --published {params.published:q} {params.settings:q}"
        " --recipe {params.recipe:q} -o {output.csv:q} > {log:q} 2>&1"


# Of configurations with more methods than the default.
rule calibration:
    input:
        JOBS.table1_predictions(),
    output:
        png=report(
            RESULTS.calibration(".png"),
            category="Figures and tables",
            caption="../report/calibration.rst",
            labels={"result": "Calibration"},
        ),
        pdf=RESULTS.calibration(".pdf"),
        csv=RESULTS.calibration(".csv"),
    log:
        RESULTS.log("calibration"),
    benchmark:
        RESULTS.benchmark("calibration")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(2000),
        runtime=JOBS.minutes(30),
    params:
        *code("calibration"),
    shell:
        "g2rl calibration {input:q} -o {output.png:q} > {log:q} 2>&1"


rule claims:
    input:
        predictions=JOBS.claims_predictions(),
        models=JOBS.compared_models(),
    output:
        csv=RESULTS.claims(".csv"),
        md=RESULTS.claims(".md"),
    log:
        RESULTS.log("claims"),
    benchmark:
        RESULTS.benchmark("claims")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(2000),
        runtime=JOBS.minutes(60),
    params:
        *code("claims"),
        recipe=recipe(CONFIG),
        settings=f"--sigma={CONFIG.sigma:g} --lambda={CONFIG.lambda_:g} {JOBS.metrics_options}",
    shell:
        "g2rl claims {input.predictions:q} --models {input.models:q} {params.settings} --recipe {params.recipe:q}"
        " -o {output.csv:q} > {log:q} 2>&1"


rule figure1:
    input:
        JOBS.first_manifests()[0],
    output:
        png=report(
            RESULTS.figure(1, ".png"),
            category="Figures and tables",
            caption="../report/figure1.rst",
            labels={"result": "Figure 1"},
        ),
        pdf=RESULTS.figure(1, ".pdf"),
        csv=RESULTS.figure(1, ".csv"),
    log:
        RESULTS.log("figure1"),
    benchmark:
        RESULTS.benchmark("figure1")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(10),
    params:
        *code("figure1"),
    shell:
        "g2rl figure1 {input:q} -o {output.png:q} > {log:q} 2>&1"


rule figure2:
    input:
        JOBS.first_manifests()[0],
    output:
        png=report(
            RESULTS.figure(2, ".png"),
            category="Figures and tables",
            caption="../report/figure2.rst",
            labels={"result": "Figure 2"},
        ),
        pdf=RESULTS.figure(2, ".pdf"),
        csv=RESULTS.figure(2, ".csv"),
    log:
        RESULTS.log("figure2"),
    benchmark:
        RESULTS.benchmark("figure2")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(10),
    params:
        *code("figure2"),
        centres=sets_text(),
    shell:
        "g2rl figure2 {input:q} -o {output.png:q} > {log:q} 2>&1"


rule figure3:
    input:
        JOBS.first_fold(RESULTS.model, JOBS.table1_runs("g2rl")[0])[0],
    output:
        png=report(
            RESULTS.figure(3, ".png"),
            category="Figures and tables",
            caption="../report/figure3.rst",
            labels={"result": "Figure 3"},
        ),
        pdf=RESULTS.figure(3, ".pdf"),
        csv=RESULTS.figure(3, ".csv"),
    log:
        RESULTS.log("figure3"),
    benchmark:
        RESULTS.benchmark("figure3")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(2000),
        runtime=JOBS.minutes(10),
    params:
        *code("figure3"),
    shell:
        "g2rl figure3 {input:q} -o {output.png:q} > {log:q} 2>&1"


rule figure4:
    input:
        models=JOBS.first_fold(RESULTS.model, JOBS.table1_runs("g2rl")[0]),
        predictions=JOBS.first_fold(RESULTS.predictions, JOBS.table1_runs("g2rl")[0]),
        sequences=JOBS.first_manifests(),
    output:
        png=report(
            RESULTS.figure(4, ".png"),
            category="Figures and tables",
            caption="../report/figure4.rst",
            labels={"result": "Figure 4"},
        ),
        pdf=RESULTS.figure(4, ".pdf"),
        csv=RESULTS.figure(4, ".csv"),
    log:
        RESULTS.log("figure4"),
    benchmark:
        RESULTS.benchmark("figure4")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(4000),
        runtime=JOBS.minutes(10),
    params:
        *code("figure4"),
    shell:
        "g2rl figure4 --models {input.models:q} --predictions {input.predictions:q} --sequences {input.sequences:q}"
        " -o {output.png:q} > {log:q} 2>&1"


rule figure5:
    input:
        JOBS.figure5_predictions,
    output:
        png=report(
            RESULTS.figure(5, ".png"),
            category="Figures and tables",
            caption="../report/figure5.rst",
            labels={"result": "Figure 5"},
        ),
        pdf=RESULTS.figure(5, ".pdf"),
        csv=RESULTS.figure(5, ".csv"),
    log:
        RESULTS.log("figure5"),
    benchmark:
        RESULTS.benchmark("figure5")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(10),
    params:
        *code("figure5"),
        aus=" ".join(["--aus", *map(str, CONFIG.figure5_aus)]) if CONFIG.figure5_aus else "",
        subjects=f"--subjects={CONFIG.figure5_subjects}",
    shell:
        "g2rl figure5 {input:q} {params.aus} {params.subjects} -o {output.png:q} > {log:q} 2>&1"


rule figure6:
    input:
        JOBS.sweep_metrics("sigma"),
    output:
        png=report(
            RESULTS.figure(6, ".png"),
            category="Figures and tables",
            caption="../report/figure6.rst",
            labels={"result": "Figure 6"},
        ),
        pdf=RESULTS.figure(6, ".pdf"),
        csv=RESULTS.figure(6, ".csv"),
    log:
        RESULTS.log("figure6"),
    benchmark:
        RESULTS.benchmark("figure6")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(10),
    params:
        *code("figure6"),
        fixed=JOBS.figure6_options(),
    shell:
        "g2rl figure6 {input:q} {params.fixed:q} -o {output.png:q} > {log:q} 2>&1"


rule figure7:
    input:
        JOBS.sweep_metrics("lambda"),
    output:
        png=report(
            RESULTS.figure(7, ".png"),
            category="Figures and tables",
            caption="../report/figure7.rst",
            labels={"result": "Figure 7"},
        ),
        pdf=RESULTS.figure(7, ".pdf"),
        csv=RESULTS.figure(7, ".csv"),
    log:
        RESULTS.log("figure7"),
    benchmark:
        RESULTS.benchmark("figure7")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(10),
    params:
        *code("figure7"),
    shell:
        "g2rl figure7 {input:q} -o {output.png:q} > {log:q} 2>&1"


# The checksums of all results, to compare them with another run's (see g2rl verify), the measures of all runs and
# models, and the report's own pages. No `g2rl lock`, since a command line does not hold the paths of thousands of
# sequences.
rule lock:
    input:
        files=JOBS.result_files(),
        checked=JOBS.all_checked,
    output:
        lock=RESULTS.lock(),
        summary=RESULTS.summary(),
        pages=[
            report(
                path,
                category="Results by dataset" if name else "Figures and tables",
                caption="../report/dataset.rst" if name else "../report/summary.rst",
                labels={"dataset": name} if name else {"result": "Summary"},
            )
            for name, path in zip(["", *DATASETS], RESULTS.pages(DATASETS))
        ],
    log:
        RESULTS.log("lock"),
    benchmark:
        RESULTS.benchmark("lock")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(30),
    params:
        *code("lock"),
        configurations=SOURCES,
    run:
        write_lock_and_summary(
            Path(RESULTS.root),
            input.files,
            params.configurations,
            output.lock,
            output.summary,
            output.pages,
        )
