# The datasets: a copy, checked before anything expensive runs on it, or rendered faces.


rule check:
    input:
        sheet=JOBS.sheet,
    output:
        RESULTS.check("{dataset}"),
    log:
        RESULTS.log("{dataset}", "check"),
    benchmark:
        RESULTS.benchmark("{dataset}", "check")
    threads: 4
    resources:
        mem_mb=JOBS.megabytes(2000),
        runtime=JOBS.minutes(60),
    params:
        *code("check"),
        options=JOBS.check_options,
        # Not as inputs: Snakemake looks for a check among its own inputs for each sequence that waits
        # for it: half a minute of 10,000 sequences.
        files=JOBS.copy_stamp,
    shell:
        "g2rl check {params.options:q} --no-centres --jobs={threads} -o {output:q} > {log:q} 2>&1"


# While a job runs, Snakemake plans nothing again of what waits for it; after a checkpoint it plans everything again.
# The check itself is no checkpoint: each sequence, which waits for it, would be planned twice.
checkpoint replan:
    input:
        JOBS.checks(DATASETS),
    output:
        JOBS.all_checked,
    log:
        RESULTS.log("replan"),
    shell:
        "touch {output:q} 2> {log:q}"


rule head:
    output:
        RESULTS.head(),
    log:
        RESULTS.log("head"),
    benchmark:
        RESULTS.benchmark("head")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(5),
    params:
        *code("head"),
    shell:
        "g2rl head -o {output:q} > {log:q} 2>&1"


# A rule for each rendered dataset, since each has its layout's files.
for NAME in filter(is_rendered, DATASETS):
    SEQUENCE = DATASETS[NAME].layout.sequence_pattern
    MEDIA, *LABELS, TRUTH = DATASETS[NAME].rendered_files(SEQUENCE)

    rule:
        name:
            f"render_{NAME}"
        input:
            head=rules.head.output,
        output:
            media=MEDIA if Path(MEDIA).suffix else directory(MEDIA),
            labels=LABELS,
            truth=TRUTH,
        log:
            RESULTS.log(NAME, "render", SEQUENCE),
        benchmark:
            RESULTS.benchmark(NAME, "render", SEQUENCE)
        threads: 1
        resources:
            mem_mb=JOBS.megabytes(1500),
            runtime=JOBS.minutes(30),
        params:
            *code("render"),
            options=JOBS.render_options(NAME),
        shell:
            "g2rl render --head {input.head:q} {params.options:q} > {log:q} 2>&1"
