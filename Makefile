# PFI. `make` lists what can be done. Nothing here needs root, a compiler or an accelerator.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell tools/find_python.sh)
VENV ?= .venv
PROTOS_VENV ?= .venv-protos
ARGS ?=

BIN := $(VENV)/bin
CONSTRAINTS := requirements/constraints.txt
DISTRIBUTIONS := libs/common services/coordinator services/aggregator services/client-agent services/rag cli
PROJECTS := $(DISTRIBUTIONS:%=%/pyproject.toml)
PACKAGES := libs/common/src/pfi_common $(filter-out %.egg-info,$(wildcard services/*/src/pfi_*)) cli/src/pfi_cli tools benchmarks experiments
BASELINE := protos/baseline.binpb

export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := -m pip install --no-input $(if $(CI),--quiet)
SHORTER := | awk '!/^Requirement already satisfied/ { print; fflush() }'

##@ Use

.PHONY: demo
demo: $(VENV)/.installed ## Set up, then train a whole federation on this machine (ARGS="--clients 4 --rounds 5")
	@$(BIN)/pfi demo $(ARGS)

.PHONY: install
install: $(VENV)/.installed ## Set up .venv with the commands pfi, pfi-agent, pfi-rag, pfi-coordinator, pfi-aggregator

##@ Develop

.PHONY: test
test: ## Everything that CI runs: static checks, torch-free unit tests, all tests
	@tools/system_packages.sh
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory tests

.PHONY: check
check: $(VENV)/.developed $(PROTOS_VENV)/.installed ## Static checks: style, types, layers, protos, drift of generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/buf lint protos
	$(BIN)/buf format --diff --exit-code protos
	$(BIN)/buf breaking protos --against $(BASELINE)
	$(PROTOS_VENV)/bin/python -m tools.generate_protos --check
	$(BIN)/python -m tools.generate_reference --check
	$(BIN)/mypy $(PACKAGES)

.PHONY: unit
unit: $(VENV)/.developed ## Unit tests of coordinator, aggregator, rag and cli, each installed where there is no torch
	@for name in coordinator aggregator rag cli; do tools/unit_without_torch.sh $$name "$(PYTHON)"; done

.PHONY: tests
tests: $(VENV)/.developed ## All tests but the repetitions of test-faults (ARGS="tests/contract -k golden" narrows)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not (faults and slow)" $(if $(CI),--quiet --durations=15 --durations-min=5) $(ARGS)

.PHONY: test-faults
test-faults: $(VENV)/.developed ## Only the tests that kill processes and break storage
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m faults $(ARGS)

.PHONY: format
format: $(VENV)/.developed ## Rewrite Python and protos in the house style
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/buf format --write protos

.PHONY: protos
protos: $(PROTOS_VENV)/.installed ## Write libs/common/src/pfi from protos/
	@$(PROTOS_VENV)/bin/python -m tools.generate_protos

.PHONY: protos-baseline
protos-baseline: $(VENV)/.developed ## Freeze today's protos as what later ones must stay compatible with (at a release)
	@$(BIN)/buf build protos --exclude-source-info --output $(BASELINE)

.PHONY: reference
reference: $(VENV)/.developed ## Write docs/reference pages that are made from code
	@$(BIN)/python -m tools.generate_reference

.PHONY: bench
bench: $(VENV)/.developed ## Measure: NAME=round-throughput (ARGS=--help lists all), and write the page of results
	@$(BIN)/python -m benchmarks $(NAME) $(ARGS)

.PHONY: experiment
experiment: $(VENV)/.developed ## Learn: NAME=clusters repeats an experiment and writes its page
	@OMP_NUM_THREADS=1 $(BIN)/python -m experiments.$(NAME) $(ARGS)

.PHONY: clean
clean: ## Delete environments and build outputs (not .pfi, the state of a local federation)
	@rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@rm -rf $(DISTRIBUTIONS:%=%/build) $(wildcard $(DISTRIBUTIONS:%=%/src/*.egg-info))

.PHONY: help
help: ## This list
	@awk -f tools/help.awk $(MAKEFILE_LIST)

# Environments. A stamp file is newer than what it was made from, so a second call does nothing.

$(VENV)/.created:
	@tools/create_environment.sh "$(PYTHON)" $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.created $(PROJECTS) $(CONSTRAINTS)
	@echo "Installing PFI into $(VENV): once, some minutes, mostly torch."
	@$(BIN)/python $(PIP) --constraint $(CONSTRAINTS) setuptools $(SHORTER)
	@$(BIN)/python $(PIP) --constraint $(CONSTRAINTS) --no-build-isolation \
		$(patsubst %,--editable %,libs/common[redis] $(filter services/%,$(DISTRIBUTIONS)) cli[local]) $(SHORTER)
	@touch $@

$(VENV)/.developed: $(VENV)/.installed requirements/dev.txt requirements/test.txt
	@$(BIN)/python $(PIP) --constraint $(CONSTRAINTS) --requirement requirements/dev.txt $(SHORTER)
	@touch $@

$(PROTOS_VENV)/.installed: requirements/protos.txt
	@tools/create_environment.sh "$(PYTHON)" $(PROTOS_VENV)
	@$(PROTOS_VENV)/bin/python $(PIP) --requirement requirements/protos.txt $(SHORTER)
	@touch $@
