# What there is at first: a copy of a dataset, checked before anything expensive runs on it, or rendered faces.


rule check:
    input:
        sheet=lambda wildcards: PLANS[wildcards.dataset].sheet,
    output:
        report(
            "results/{dataset}/check.csv",
            category="Data",
            caption="../report/check.rst",
            labels={"dataset": "{dataset}", "table": "what is wrong with the copy"},
        ),
    params:
        *code("check"),
        command=lambda wildcards: check_flags(wildcards.dataset),
        # Not as inputs: Snakemake looks for a check among its own inputs for each sequence that waits
        # for it: half a minute of 10,000 sequences.
        files=lambda wildcards: PLANS[wildcards.dataset].stamp(),
    log:
        "logs/{dataset}/check.log",
    benchmark:
        "logs/benchmarks/{dataset}/check.tsv"
    threads: 4
    resources:
        mem_mb=megabytes(2000),
        runtime=minutes(60),
    shell:
        "{params.command:q} --jobs={threads} -o {output:q} > {log:q} 2>&1"


# Snakemake looks at nothing that waits for a job which runs, and what waits for a check only waits: after a
# checkpoint it looks again, at all. Not the check itself: of a checkpoint each sequence would be planned twice.
checkpoint replan:
    input:
        checks(PLANS),
    output:
        REPLANNED,
    shell:
        "touch {output:q}"


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


def rendered(dataset):
    """A rendered sequence's files as patterns: its layout's, with its name's parts as wildcards."""
    plan = PLANS[dataset]
    sequence = next(iter(plan.sequences))
    wildcards = dict(zip(sequence.split("_"), parts(dataset)))

    def pattern(path):
        inside = str(Path(path).relative_to(plan.root))
        for value, wildcard in wildcards.items():
            inside = inside.replace(value, wildcard)
        return str(plan.root / inside)

    media = pattern(plan.media(sequence))
    labels = [pattern(path) for path in plan.labels(sequence)]
    return {
        "media": media if Path(media).suffix else directory(media),
        "labels": labels,
        "truth": f"{plan.root}/truth/{'_'.join(parts(dataset))}.npz",
    }


def parts(dataset):
    """The parts of a sequence's name as wildcards: F001_T1 is {subject} and {task}, SN001 {subject}."""
    return ["{subject}", "{task}"][: next(iter(PLANS[dataset].sequences)).count("_") + 1]


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
            + option_flags(CONFIG.datasets[NAME].synthetic),
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
