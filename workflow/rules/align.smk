# Aligned 256×256 faces with their landmarks and intensities, one shard a sequence.


rule align:
    input:
        media=lambda wildcards: PLANS[wildcards.dataset].media(wildcards.sequence),
        labels=lambda wildcards: PLANS[wildcards.dataset].labels(wildcards.sequence),
        landmarks=rules.landmarks.output,
        # Without faults that are allowed the landmarks have waited for it, and the lists do: an edge less a shard.
        check=lambda wildcards: checked(wildcards) if CONFIG.datasets[wildcards.dataset].allow_faults else [],
    output:
        "results/{dataset}/cache/{sequence}.h5",
    params:
        *code("align"),
        settings=lambda wildcards: sequence_flags(wildcards.dataset, wildcards.sequence)
        + frame_flags(wildcards.dataset),
        check=lambda wildcards, input: [f"--check={path}" for path in input.get("check", [])],
    log:
        "logs/{dataset}/align/{sequence}.log",
    benchmark:
        "logs/benchmarks/{dataset}/align/{sequence}.tsv"
    threads: 1
    resources:
        mem_mb=megabytes("align"),
        runtime=minutes("align"),
    shell:
        "g2rl align {input.media:q} {input.landmarks:q} {params.settings:q} {params.check:q}"
        " -o {output:q} > {log:q} 2>&1"


rule manifest:
    input:
        sequences=lambda wildcards: sequence_files(wildcards.dataset, PLANS[wildcards.dataset].parts[int(wildcards.part)]),
        # No list is made, and nothing trained on it, while the copy is checked anew.
        check=checked,
    output:
        "results/{dataset}/fold{part}.tsv",
    params:
        *code("manifest"),
    log:
        "logs/{dataset}/fold{part}.log",
    benchmark:
        "logs/benchmarks/{dataset}/fold{part}.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(30),
    shell:
        "g2rl manifest {input.sequences:q} -o {output:q} > {log:q} 2>&1"


rule frames:
    input:
        lambda wildcards: manifests(wildcards.dataset, PLANS[wildcards.dataset].parts),
    output:
        report(
            "results/{dataset}/frames.csv",
            category="Data",
            caption="../report/frames.rst",
            labels={"dataset": "{dataset}", "table": "frames used and dropped"},
        ),
    params:
        *code("frames"),
    log:
        "logs/{dataset}/frames.log",
    benchmark:
        "logs/benchmarks/{dataset}/frames.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    shell:
        "g2rl frames {input:q} -o {output:q} > {log:q} 2>&1"
