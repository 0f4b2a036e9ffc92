# 68 points on every frame of a sequence.


rule landmarks:
    input:
        media=JOBS.media,
        check=ancient(JOBS.check),  # to wait for it: a copy that is checked again reruns nothing
    output:
        RESULTS.landmarks("{dataset}", "{sequence}"),
    log:
        RESULTS.log("{dataset}", "landmarks", "{sequence}"),
    benchmark:
        RESULTS.benchmark("{dataset}", "landmarks", "{sequence}")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes("landmarks"),
        runtime=JOBS.minutes("landmarks"),
    params:
        *code("landmarks"),
        options=JOBS.landmarks_options,
        check=lambda wildcards, input: [f"--check={path}" for path in input.check],
    shell:
        # Memory in pages of 2 MB: dlib's predictor reads all over 80 MB, and pages of 4 kB take 12 % more time
        # (benchmarks/landmark_speedups.py). Off with GLIBC_TUNABLES=glibc.malloc.hugetlb=0.
        "GLIBC_TUNABLES=${{GLIBC_TUNABLES:-glibc.malloc.hugetlb=1}}"
        " g2rl landmarks {input.media:q} {params.options:q} {params.check:q} -o {output:q} > {log:q} 2>&1"
