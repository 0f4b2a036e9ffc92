# Table 1 and Figures 4 to 7, and the lock of it all.
from g2rl.config.au_centres import sets_text


def points(parameter):
    """The measures of a sweep's runs."""
    runs = sweep_runs(CONFIG, parameter)
    if parameter == "lambda":
        runs = [RUNS[name] for name in default_runs("baseline")] + runs
    return [f"results/{name}/{run.name}/metrics.csv" for name in sweep_datasets(CONFIG) for run in runs]


def figure(number):
    """The files of a figure; the report shows the first."""
    png, *others = multiext(f"results/figures/figure{number}", ".png", ".pdf", ".csv")
    caption = f"../report/figure{number}.rst"
    return [report(png, category="Results", caption=caption, labels={"result": f"Figure {number}"}), *others]


rule table1:
    input:
        metrics=expand(
            "results/{dataset}/{method}/metrics.csv",
            dataset=PLANS,
            method=[*IMAGE_FREE, *(run for method in METHODS for run in default_runs(method))],
        ),
        histories=[
            path
            for name in PLANS
            for run in default_runs("g2rl")
            for path in every_fold("history.csv", run, name)
        ],
        frames=expand("results/{dataset}/frames.csv", dataset=PLANS),
    output:
        "results/table1.csv",
        "results/table1.md",
        "results/table1.tex",
        report(
            "results/table1.html",
            category="Results",
            caption="../report/table1.rst",
            labels={"result": "Table 1"},
        ),
    params:
        *code("table"),
        recipe=recipe(CONFIG),
    log:
        "logs/table1.log",
    benchmark:
        "logs/benchmarks/table1.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    shell:
        "g2rl table {input.metrics:q} --histories {input.histories:q} --frames {input.frames:q}"
        " --recipe {params.recipe:q} -o {output[0]:q} > {log:q} 2>&1"


rule figure2:
    input:
        [sequence_files(name, plan.test(plan.folds[0]))[0] for name, plan in PLANS.items()][0],
    output:
        figure(2),
    params:
        *code("figure2"),
        centres=sets_text(),
    log:
        "logs/figure2.log",
    benchmark:
        "logs/benchmarks/figure2.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    shell:
        "g2rl figure2 {input:q} -o {output[0]:q} > {log:q} 2>&1"


rule figure4:
    input:
        models=first_fold("model.safetensors", default_runs("g2rl")[0]),
        predictions=first_fold("predictions.csv", default_runs("g2rl")[0]),
        sequences=[path for name, plan in PLANS.items() for path in manifests(name, plan.folds[:1])],
    output:
        figure(4),
    params:
        *code("figure4"),
    log:
        "logs/figure4.log",
    benchmark:
        "logs/benchmarks/figure4.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(4000),
        runtime=minutes(10),
    shell:
        "g2rl figure4 --models {input.models:q} --predictions {input.predictions:q} --sequences {input.sequences:q}"
        " -o {output[0]:q} > {log:q} 2>&1"


rule figure5:
    input:
        # The last dataset of the configuration: DISFA's sequences are the longest.
        [
            path
            for method in ("baseline", "g2rl")
            for path in every_fold("predictions.csv", default_runs(method)[0], list(PLANS)[-1])
        ],
    output:
        figure(5),
    params:
        *code("figure5"),
    log:
        "logs/figure5.log",
    benchmark:
        "logs/benchmarks/figure5.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    shell:
        "g2rl figure5 {input:q} -o {output[0]:q} > {log:q} 2>&1"


rule figure6:
    input:
        points("sigma"),
    output:
        figure(6),
    params:
        *code("figure6"),
    log:
        "logs/figure6.log",
    benchmark:
        "logs/benchmarks/figure6.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    shell:
        "g2rl figure6 {input:q} -o {output[0]:q} > {log:q} 2>&1"


rule figure7:
    input:
        points("lambda"),
    output:
        figure(7),
    params:
        *code("figure7"),
    log:
        "logs/figure7.log",
    benchmark:
        "logs/benchmarks/figure7.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(10),
    shell:
        "g2rl figure7 {input:q} -o {output[0]:q} > {log:q} 2>&1"


# What the results are, to be compared with another rebuild's: see g2rl verify.
rule lock:
    input:
        rules.table1.output,
        rules.figure4.output,
        rules.figure5.output,
        rules.figure6.output,
        rules.figure7.output,
        rules.guidance.output,
        expand("results/{dataset}/frames.csv", dataset=PLANS),
        checks(PLANS),
        REPLANNED,
    output:
        "results/lock.json",
    params:
        *code("lock"),
    log:
        "logs/lock.log",
    benchmark:
        "logs/benchmarks/lock.tsv"
    threads: 1
    resources:
        mem_mb=megabytes(1000),
        runtime=minutes(30),
    shell:
        "g2rl lock results -o {output:q} > {log:q} 2>&1"
