# claimloop: `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_VENV := .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.installed
LOCK_VENV := .venv-lock
PIP_TOOLS := pip-tools==7.6.2
# Tests run in this many processes; 0 is one process, easier to debug.
JOBS ?= 2
# Soak runs draw their cases from this seed; it is printed, and a failure is repeated with SEED=<that number>.
SEED ?= $(shell date +%Y%m%d)
ARGS ?=

PIP := -m pip --disable-pip-version-check --quiet

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(STAMP)  ## build .venv with everything the lock names; a second run installs nothing

# $(call make-venv,FOLDER,LOCK)
define make-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "claimloop needs Python 3.11 or newer, and '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>&1 || true). Try: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1) || { \
	  echo "No virtual environment could be made. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "installing into $(1) ..."
	@$(1)/bin/python $(PIP) install --require-hashes -r $(2)
	@$(1)/bin/python $(PIP) install --no-deps --no-build-isolation -e .
endef

$(STAMP): requirements/dev.txt pyproject.toml
	$(call make-venv,$(VENV),requirements/dev.txt)
	@touch $@

$(BENCH_STAMP): requirements/bench.txt pyproject.toml
	$(call make-venv,$(BENCH_VENV),requirements/bench.txt)
	@touch $@

.PHONY: demo
demo: $(STAMP)  ## the whole loop on shipped data against the test payer, offline
	$(BIN)/claimloop demo $(ARGS)

.PHONY: test
test: $(STAMP)  ## the tests (ARGS="-k name" narrows them)
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: test-postgres
test-postgres: $(STAMP)  ## the tests, each store on a PostgreSQL database of its own
	$(BIN)/pytest -n $(JOBS) --store postgresql $(ARGS)

# The looks at the text run beside mypy, which takes one core, and the tests after them have all.
.PHONY: check
check: $(STAMP)  ## everything a change must pass
	@$(MAKE) --no-print-directory -j 2 types format-check lint secrets arrows
	@$(MAKE) --no-print-directory test

.PHONY: format
format: $(STAMP)  ## format the code and mend what the linter can
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: format-check
format-check: $(STAMP)
	$(BIN)/ruff format --check .

.PHONY: lint
lint: $(STAMP)  ## ruff
	$(BIN)/ruff check .

.PHONY: secrets
secrets: $(STAMP)  ## no key or password in a tracked file; a line that only looks like one says so
	@git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --no-verify

.PHONY: types
types: $(STAMP)  ## mypy --strict
	$(BIN)/mypy

.PHONY: arrows
arrows: $(STAMP)  ## the import contracts
	$(BIN)/lint-imports

.PHONY: soak
soak: $(STAMP)  ## the tests that have a size or a duration (SEED=n repeats a run)
	@echo "seed: $(SEED)"
	$(BIN)/pytest -m soak -n $(JOBS) --dist worksteal -v -rP --durations=0 --timeout=2400 --seed=$(SEED) \
	  --hypothesis-profile=soak --hypothesis-seed=$(SEED) $(ARGS)

.PHONY: goldens
goldens: $(STAMP)  ## write the golden files again; then read the diff
	$(BIN)/pytest -n 0 --update-goldens $(ARGS)
	@git status --short -- tests/goldens

.PHONY: bench
bench: $(BENCH_STAMP)  ## the measurements of bench/RESULTS.md
	$(BENCH_VENV)/bin/python bench/run.py $(ARGS)

# The pip configuration of this machine is left out, so that the lock holds what the public index has.
LOCK := PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= CUSTOM_COMPILE_COMMAND='make lock' \
  $(LOCK_VENV)/bin/pip-compile --quiet $(ARGS)

.PHONY: lock
lock:  ## resolve the locks again (ARGS=--upgrade for newer versions)
	@test -x $(LOCK_VENV)/bin/pip-compile || { $(PYTHON) -m venv $(LOCK_VENV) && \
	  $(LOCK_VENV)/bin/python $(PIP) install $(PIP_TOOLS); }
	$(LOCK) --extra dev -o requirements/dev.txt pyproject.toml
	$(LOCK) --extra bench -c requirements/dev.txt -o requirements/bench.txt pyproject.toml
