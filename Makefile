# make all     the environment, Table 1 and Figures 4–7 on the embedded faces, and the report
# make test    the environment, then lint, unit tests and workflow tests
PYTHON ?= python3
CORES ?= $(shell nproc)
BIN := .venv/bin

.PHONY: all test lint unit workflow report bench clean
.DELETE_ON_ERROR:

all: .venv/installed
	$(BIN)/snakemake --cores $(CORES) all
	$(BIN)/snakemake --report results/report.html

report: .venv/installed
	$(BIN)/snakemake --report results/report.html

test: lint unit workflow

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Two test processes with one thread each: more only take turns.
unit: export OMP_NUM_THREADS = 1
unit: export OPENBLAS_NUM_THREADS = 1
unit: export HF_HUB_OFFLINE = 1
unit: .venv/installed
	$(BIN)/pytest -q -n $(CORES) tests/unit

workflow: export HF_HUB_OFFLINE = 1
workflow: .venv/installed
	CORES=$(CORES) $(BIN)/pytest -q tests/workflow

# How long each rule took in the last run, from Snakemake's own measurements.
bench: .venv/installed
	$(BIN)/python benchmarks/rules.py logs/benchmarks

clean:
	find results -mindepth 1 ! -name README.md -delete
	rm -rf logs .snakemake

# The lock is the whole environment: nothing is resolved, so nothing the lock does not name is installed.
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --no-deps -r requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	touch $@
