# Short jobs for a scheduler, under the names that the profiles group: eight in one submission, and one that fails.
import os
import sys

sys.path.insert(0, os.environ["G2RL_PROJECT"])
from g2rl.config.load import load
from g2rl.workflow.start import prepare_execution
from g2rl.workflow.targets import Targets

CONFIG = load(os.path.join(os.environ["G2RL_PROJECT"], "config/config.yaml"))
prepare_execution(workflow, Targets(CONFIG, {}), "config.yaml")


rule all:
    input:
        expand("align{number}", number=range(4)),
        "frames",


rule landmarks:
    output:
        "landmarks{number}",
    log:
        "landmarks{number}.log",
    threads: 1
    resources:
        mem_mb=300,
        runtime=5,
    shell:
        "date +%s.%N > {output}; sleep 2; date +%s.%N >> {output}"


rule align:
    input:
        "landmarks{number}",
    output:
        "align{number}",
    log:
        "align{number}.log",
    threads: 1
    resources:
        mem_mb=300,
        runtime=5,
    shell:
        "touch {output}"


rule frames:
    output:
        "frames",
    log:
        "frames.log",
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 400 * 2 ** (attempt - 1),
        runtime=5,
    shell:
        "echo {resources.mem_mb} >> attempts; exit 1"
