# Aligned 256×256 faces with their landmarks and intensities, one file per sequence; fold manifests, which list them.


rule align:
    input:
        media=JOBS.media,
        labels=JOBS.labels,
        landmarks=rules.landmarks.output,
        # Where no faults are allowed the landmarks have waited for the check, and the manifests do: an edge less
        # per sequence.
        check=ancient(JOBS.allowed_faults),
    output:
        RESULTS.sequence("{dataset}", "{sequence}"),
    log:
        RESULTS.log("{dataset}", "align", "{sequence}"),
    benchmark:
        RESULTS.benchmark("{dataset}", "align", "{sequence}")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes("align"),
        runtime=JOBS.minutes("align"),
    params:
        *code("align"),
        options=JOBS.align_options,
        check=lambda wildcards, input: [f"--check={path}" for path in input.check],
    shell:
        "g2rl align {input.media:q} {input.landmarks:q} {params.options:q} {params.check:q}"
        " -o {output:q} > {log:q} 2>&1"


rule manifest:
    input:
        sequences=JOBS.part_sequences,
        # No manifest is made, and nothing trained on it, while the copy is checked again.
        check=ancient(JOBS.check),
    output:
        RESULTS.manifest("{dataset}", "{part}"),
    log:
        RESULTS.log("{dataset}", "fold{part}"),
    benchmark:
        RESULTS.benchmark("{dataset}", "fold{part}")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(30),
    params:
        *code("manifest"),
    shell:
        "g2rl manifest {input.sequences:q} -o {output:q} > {log:q} 2>&1"


rule frames:
    input:
        JOBS.part_manifests,
    output:
        RESULTS.frames("{dataset}"),
    log:
        RESULTS.log("{dataset}", "frames"),
    benchmark:
        RESULTS.benchmark("{dataset}", "frames")
    threads: 1
    resources:
        mem_mb=JOBS.megabytes(1000),
        runtime=JOBS.minutes(10),
    params:
        *code("frames"),
    shell:
        "g2rl frames {input:q} -o {output:q} > {log:q} 2>&1"
