# Does geometry help? What L_G does in the guided trainings, and variants of the training beside the Baseline.


rule guidance:
    input:
        JOBS.guided_histories(),
    output:
        csv=RESULTS.guidance(".csv"),
        md=RESULTS.guidance(".md"),
        pdf=RESULTS.guidance(".pdf"),
        png=report(
            RESULTS.guidance(".png"),
            category="Figures and tables",
            caption="../report/guidance.rst",
            labels={"result": "What L_G really does"},
        ),
    log:
        RESULTS.log("guidance"),
    benchmark:
        RESULTS.benchmark("guidance")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(10),
    params:
        *code("guidance"),
    shell:
        "g2rl guidance {input:q} -o {output.csv:q} > {log:q} 2>&1"


use rule guidance as guidance_of_variants with:
    input:
        JOBS.ablation_histories(),
    output:
        csv=RESULTS.ablations_guidance(".csv"),
        md=RESULTS.ablations_guidance(".md"),
        pdf=RESULTS.ablations_guidance(".pdf"),
        png=report(
            RESULTS.ablations_guidance(".png"),
            category="Figures and tables",
            caption="../report/guidance.rst",
            labels={"result": "What L_G really does in the ablations"},
        ),
    log:
        RESULTS.log("ablations_guidance"),
    benchmark:
        RESULTS.benchmark("ablations_guidance")


rule compare:
    input:
        predictions=JOBS.ablation_predictions(),
        # What they were made of: a file of these that a failed job has lost is made again first.
        others=JOBS.ablation_files(),
    output:
        csv=RESULTS.ablations(".csv"),
        md=report(
            RESULTS.ablations(".md"),
            category="Figures and tables",
            caption="../report/ablations.rst",
            labels={"result": "Ablations"},
        ),
        pdf=RESULTS.ablations(".pdf"),
        png=report(
            RESULTS.ablations(".png"),
            category="Figures and tables",
            caption="../report/ablations.rst",
            labels={"result": "Ablations, figure"},
        ),
    log:
        RESULTS.log("ablations"),
    benchmark:
        RESULTS.benchmark("ablations")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(2000),
        runtime=JOBS.minutes(30),
    params:
        *code("ablations"),
        settings=f"--resamples={CONFIG.resamples}",
        against=JOBS.ablations_against(),
    shell:
        "g2rl ablations {input.predictions:q} {params.against:q} {params.settings} -o {output.csv:q} > {log:q} 2>&1"
