# One network per dataset, run and fold.


rule weights:
    input:
        [] if CONFIG.weights == "imagenet" else CONFIG.weights,
    output:
        RESULTS.weights("{backbone}"),
    log:
        RESULTS.log("weights", "{backbone}"),
    benchmark:
        RESULTS.benchmark("weights", "{backbone}")
    priority: 1  # first of all: without a network it fails within seconds, not after the landmarks
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(2000),
        runtime=JOBS.minutes(10),
    params:
        *code("weights"),
    shell:
        "g2rl weights {wildcards.backbone:q} {input:q} -o {output:q} > {log:q} 2>&1"


rule train:
    input:
        sequences=JOBS.train_sequences,
        weights=JOBS.start_weights,
        start=JOBS.start_model,
        checked=ancient(JOBS.checked),
    output:
        model=RESULTS.model("{dataset}", "{run}", "{fold}"),
        history=RESULTS.history("{dataset}", "{run}", "{fold}"),
    log:
        RESULTS.log("{dataset}", "{run}", "fold{fold}", "train"),
    benchmark:
        RESULTS.benchmark("{dataset}", "{run}", "fold{fold}", "train")
    threads: CONFIG.compute.threads
    resources:
        gpu=JOBS.gpus,
        mem_mb=JOBS.megabytes("train"),
        runtime=JOBS.minutes("train"),
    params:
        *code("train"),
        method=code_of_method,
        options=JOBS.train_options,
        weights=lambda wildcards, input: [f"--weights={path}" for path in input.weights],
        start=lambda wildcards, input: [f"--start={path}" for path in input.start],
        # The checkpoint is no output: those are deleted before a retry, which is when it is needed.
        checkpoint=RESULTS.checkpoint("{dataset}", "{run}", "{fold}"),
    shell:
        # Memory that one step frees is kept for the next, by variables of the C library (mallopt(3)): a tenth
        # faster on a CPU at the paper's size, nothing for small networks. G2RL_KEEP_MEMORY=0 turns it off.
        '[ "${{G2RL_KEEP_MEMORY:-1}}" = 0 ] || export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647; '
        "g2rl train --sequences {input.sequences:q} {params.options:q} {params.weights:q} {params.start:q}"
        " --checkpoint {params.checkpoint:q} --model {output.model:q} --history {output.history:q} > {log:q} 2>&1"
