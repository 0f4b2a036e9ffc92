# Table 1 and Figures 4 to 7.


def default_runs(method):
    """The runs of Table 1: a method at the default σ and λ, every seed."""
    weight = {"baseline": 0, "g2rl": CONFIG.lambda_}[method]
    return [run.name for run in RUNS.values() if (run.sigma, run.lambda_) == (CONFIG.sigma, weight)]


rule table1:
    input:
        metrics=expand(
            "results/{dataset}/{method}/metrics.csv",
            dataset=PLANS,
            method=[*REFERENCES, *default_runs("baseline"), *default_runs("g2rl")],
        ),
        histories=[
            f"results/{dataset}/{run}/fold{fold}/history.csv"
            for dataset, plan in PLANS.items()
            for run in default_runs("g2rl")
            for fold in plan.folds
        ],
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
        "g2rl table {input.metrics:q} --histories {input.histories:q} --recipe {params.recipe:q}"
        " -o {output[0]:q} > {log:q} 2>&1"
