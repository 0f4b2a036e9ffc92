# dlib's 68 points on every frame of a sequence.


rule landmarks:
    input:
        media=lambda wildcards: PLANS[wildcards.dataset].media(wildcards.sequence),
        check=checked,
    output:
        "results/{dataset}/landmarks/{sequence}.h5",
    params:
        *code("landmarks"),
        check=lambda wildcards, input: [f"--check={path}" for path in input.get("check", [])],
    log:
        "logs/{dataset}/landmarks/{sequence}.log",
    benchmark:
        "logs/benchmarks/{dataset}/landmarks/{sequence}.tsv"
    threads: 1
    resources:
        mem_mb=megabytes("landmarks"),
        runtime=minutes("landmarks"),
    shell:
        # Memory in pages of 2 MB: the predictor reads all over 80 MB, and pages of 4 kB take 12 % more time
        # (benchmarks/landmark_speedups.py). Off with GLIBC_TUNABLES=glibc.malloc.hugetlb=0.
        "GLIBC_TUNABLES=${{GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}}"
        " g2rl landmarks {input.media:q} {params.check:q} -o {output:q} > {log:q} 2>&1"
