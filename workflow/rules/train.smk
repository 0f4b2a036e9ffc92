# One network a dataset, run and fold.


rule weights:
    input:
        [] if CONFIG.weights == "imagenet" else CONFIG.weights,
    output:
        "results/weights/{backbone}.safetensors",
    params:
        *code("weights"),
    log:
        "logs/weights/{backbone}.log",
    benchmark:
        "logs/benchmarks/weights/{backbone}.tsv"
    priority: 1  # first of all: without a network it fails within seconds, not after the landmarks
    threads: 1
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(10),
    shell:
        "g2rl weights {wildcards.backbone:q} {input:q} -o {output:q} > {log:q} 2>&1"


rule train:
    input:
        sequences=train_sequences,
        weights=lambda wildcards: start_weights(TRAINED[wildcards.run]),
        replanned=replanned,
    output:
        model="results/{dataset}/{run}/fold{fold}/model.safetensors",
        history="results/{dataset}/{run}/fold{fold}/history.csv",
    params:
        *code("train"),
        settings=lambda wildcards: training_flags(CONFIG, TRAINED[wildcards.run], PLANS[wildcards.dataset].aus),
        weights=lambda wildcards, input: [f"--weights={path}" for path in input.get("weights", [])],
    log:
        "logs/{dataset}/{run}/fold{fold}/train.log",
    benchmark:
        "logs/benchmarks/{dataset}/{run}/fold{fold}/train.tsv"
    threads: CONFIG.compute.threads
    resources:
        gpu=int(CONFIG.compute.gpu),
        mem_mb=megabytes("train"),
        runtime=minutes("train"),
    shell:
        # Memory that one step frees is kept for the next, by variables of the C library (mallopt(3)): a tenth
        # faster on a CPU at the paper's size, nothing for small networks. G2RL_KEEP_MEMORY=0 turns it off.
        '[ "${{G2RL_KEEP_MEMORY:-1}}" = 0 ] || export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647; '
        # The checkpoint is no output: those are deleted before a retry, which is when it is needed.
        "g2rl train --sequences {input.sequences:q} {params.settings:q} {params.weights:q}"
        " --checkpoint results/.checkpoints/{wildcards.dataset}/{wildcards.run}/fold{wildcards.fold}.pt"
        " --model {output.model:q} --history {output.history:q} > {log:q} 2>&1"
