# The embedded default: rendered faces, written in the layouts of BP4D and DISFA.


rule head:
    output:
        "results/raw/head.npz",
    params:
        *code("head"),
    log:
        "logs/head.log",
    benchmark:
        "logs/benchmarks/head.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(5),
    shell:
        "g2rl head -o {output:q} > {log:q} 2>&1"


for NAME, SETTINGS in SYNTHETIC.items():

    rule:
        name:
            f"render_{NAME}"
        input:
            head=rules.head.output,
        output:
            **rendered(NAME),
        params:
            *code("render"),
            settings=lambda wildcards, NAME=NAME: sequence_flags(NAME, "_".join(wildcards))
            + flags(CONFIG.datasets[NAME].synthetic),
        log:
            f"logs/{NAME}/render/{'_'.join(parts(NAME))}.log",
        benchmark:
            f"logs/benchmarks/{NAME}/render/{'_'.join(parts(NAME))}.tsv"
        threads: 1
        resources:
            mem_mb=megabytes(1500),
            runtime=minutes(30),
        shell:
            "g2rl render --head {input.head:q} {params.settings:q} > {log:q} 2>&1"
