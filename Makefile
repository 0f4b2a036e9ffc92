# make all     the environment, Table 1 and Figures 1–7 on the embedded faces, and the report
# make test    the environment, then lint, unit tests and workflow tests
# make verify  whether results/ is what the committed lock of the embedded default says
# make torture KILLS=200 SEED=0    the kill harness; make reruns    every edit of the contract
# make fuzz CASES=1000000    generated label files
# make docs    the documentation site, into build/docs; make published    the committed tables and figures of published/
# make platforms    does requirements.lock install on the other systems?
# make mutations    faults planted in each equation; make bench    benchmarks/results.json and docs/performance.md
PYTHON ?= python3
CORES ?= $(shell $(PYTHON) g2rl/workflow/cores.py)
BIN := .venv/bin
# How far a number of the tables may be from the lock, made on another processor: docs/reproducibility.md.
TOLERANCE := 0.1

.PHONY: all test lint unit workflow mutations report bench clean verify lock torture reruns fuzz platforms docs published
.DELETE_ON_ERROR:

all: .venv/installed
	$(BIN)/snakemake --cores $(CORES) all
	$(BIN)/snakemake --report results/report.html --report-stylesheet workflow/report/report.css
	@echo "See results/table1.md, results/figures/ and results/report.html."

report: .venv/installed
	$(BIN)/snakemake --report results/report.html --report-stylesheet workflow/report/report.css

test: lint unit workflow

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/lint-imports --no-logo

# All that this machine can: as root also full disks and a Slurm; plain pytest mounts, installs and downloads nothing.
ALL := 'not slow'
# As many test processes as cores, with one thread each: more only take turns.
unit: export OMP_NUM_THREADS = 1
unit: export OPENBLAS_NUM_THREADS = 1
unit: export HF_HUB_OFFLINE = 1
unit: .venv/installed
	$(BIN)/pytest -q -n $(CORES) -m $(ALL) tests/unit

workflow: export HF_HUB_OFFLINE = 1
workflow: .venv/installed
	CORES=$(CORES) $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=25 -m $(ALL) tests/workflow

# Every edit of the rerun contract; make test tries some of each kind.
reruns: export HF_HUB_OFFLINE = 1
reruns: .venv/installed
	CORES=$(CORES) $(BIN)/pytest -q tests/workflow/test_reruns.py -m "slow or not slow"

# SIGKILLs at random moments of a small chain, then a plain rerun. Half an hour on one core.
KILLS ?= 200
SEED ?= 0
torture: .venv/installed
	$(BIN)/python tests/workflow/torture.py --kills $(KILLS) --seed $(SEED)

# Is this rebuild of the embedded default the committed one, on whatever machine? See docs/reproducibility.md.
verify: .venv/installed
	$(BIN)/g2rl verify results tests/data/embedded_lock.json --tolerance $(TOLERANCE)

# Both committed locks again, after a change that is meant to change results.
lock: export HF_HUB_OFFLINE = 1
lock: .venv/installed
	LOCK=tests/data/lock.json CORES=$(CORES) $(BIN)/pytest -q tests/workflow/test_rebuild.py -k lock
	$(BIN)/snakemake --cores $(CORES) all
	$(BIN)/g2rl lock results -o tests/data/embedded_lock.json

# The site of docs/, from mkdocs.yml; a warning fails it.
docs: export NO_MKDOCS_2_WARNING = 1
docs: .venv/installed
	$(BIN)/mkdocs build --site-dir build/docs

# The tables and figures of the default run in this version, for others to cite and compare.
published: .venv/installed
	$(BIN)/snakemake --cores $(CORES) all
	rm -rf published/figures published/synthetic_*
	cd results && cp --parents table1.csv table1.md table1.html claims.csv claims.md guidance.csv guidance.md summary.json \
	  figures/*.png figures/*.csv */frames.csv */*/metrics.csv ../published

# Generated label files and sample sheets, whole and damaged; some minutes for a million on one core.
CASES ?= 1000000
fuzz: .venv/installed
	$(BIN)/python tests/label_fuzz.py --cases $(CASES) --jobs $(CORES)

# Faults planted in each equation: does a test find each?
mutations: .venv/installed
	$(BIN)/python tests/mutations.py

# What fits a laptop, into benchmarks/results.json and docs/performance.md: some 10 minutes on a machine that does
# nothing else. Entries measured on a GPU elsewhere stay. After `make all` the times of its rules are added.
bench: .venv/installed
	for name in sequences training landmarks startup paper; do $(BIN)/python benchmarks/$$name.py || exit 1; done
	if [ -d results/logs/benchmarks ]; then $(BIN)/python benchmarks/rules.py results/logs/benchmarks; fi
	$(BIN)/python benchmarks/record.py

clean:
	find results -mindepth 1 ! -name README.md -delete
	rm -rf logs .snakemake

# requirements.lock is the whole environment, with checksums: nothing is resolved. CUDA's packages are installed for an
# NVIDIA driver, or with GPU=1. Without, those stay that torch's wheel for Linux loads when it is imported; with
# TORCH_INDEX=URL, a package index with torch for CPUs, such as PyTorch's own, none does. uv installs, else pip.
GPU ?= $(if $(wildcard /proc/driver/nvidia/version /usr/lib/wsl/lib/libcuda.so.1),1,0)
ifdef TORCH_INDEX
LEFT_OUT := torch|torchvision|triton|cuda-.*|nvidia-.*
else ifneq ($(GPU),1)
LEFT_OUT := triton|cuda-.*|nvidia-cusolver|nvidia-nvtx
endif
# Shell: the part of the lock whose names match, or do not match, a pattern.
locked = awk '/^[a-z]/ {name = $$1; sub(/==.*/, "", name); keep = name $(1) /^($(2))$$/} keep' requirements.lock

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(call locked,~,uv) > .venv/uv.txt
	$(call locked,!~,$(LEFT_OUT)) > .venv/requirements.txt
	{ $(BIN)/python -m pip install --quiet --no-deps -r .venv/uv.txt && \
	  $(BIN)/uv pip install --python .venv --no-deps --require-hashes -r .venv/requirements.txt; } || \
	$(BIN)/python -m pip install --no-deps --require-hashes -r .venv/requirements.txt
ifdef TORCH_INDEX
	$(call locked,~,torch|torchvision) | sed -n 's/^\(torch[a-z]*==[^ ]*\).*/\1/p' > .venv/torch.txt
	$(BIN)/python -m pip install --no-deps --index-url $(TORCH_INDEX) -r .venv/torch.txt
endif
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	@# Bytecode of what most jobs import, where PYTHONDONTWRITEBYTECODE would have each job compile it again.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -c 'import dlib, h5py, matplotlib.figure, pydantic, sklearn.linear_model, snakemake.cli, timm'
	touch $@

# Would the lock install there, from wheels alone? Nothing is downloaded but the wheels' descriptions.
PLATFORMS := x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin x86_64-pc-windows-msvc
# The one package without a wheel is plain Python.
platforms: export MACOSX_DEPLOYMENT_TARGET = 14.0
platforms: .venv/installed
	for platform in $(PLATFORMS); do for python in 3.11 3.12 3.13; do echo "$$platform, Python $$python"; \
	  $(BIN)/uv pip install --dry-run --quiet --target .venv/platform --python-platform $$platform --python-version $$python \
	  --no-deps --require-hashes --only-binary :all: --no-binary connection-pool -r requirements.lock || exit 1; done; done
