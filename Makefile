# Everything starts here: `make demo` and `make test` install what they need, once.
# `make help` lists the rest.

SHELL := /bin/sh
BIN := .venv/bin
TESTS ?= tests
ARGS ?=

# The first Python on this machine that is new enough; `make PYTHON=/path/to/python3` decides.
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$each" && break; done)
UV ?= $(shell command -v $(BIN)/uv || command -v uv)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install system demo up test soak mutants check check-format check-lint check-types \
	check-imports check-shape check-house check-docs format bench docs lock

help:  ## say what each target does
	@sed -n 's/^\([a-z-]*\):.*  ## /  make \1|/p' $(MAKEFILE_LIST) | \
	while IFS='|' read -r left right; do printf '%-22s %s\n' "$$left" "$$right"; done

# ---------------------------------------------------------------- environment

install: .venv/.installed .venv/.system  ## make .venv ready: pinned packages, and Truthpoint itself

$(BIN)/python:
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  echo "Truthpoint needs Python 3.11 or newer; '$(or $(PYTHON),python3)' is older or missing." >&2; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3 install" >&2; exit 1; fi
	@echo "Making .venv with $$("$(PYTHON)" --version) ..."
	@"$(PYTHON)" -m venv --clear .venv || { rm -rf .venv; \
	  echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

.venv/.installed: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing the pinned packages into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

system: .venv/.system  ## get the browser that page tests use (Debian and Ubuntu, as root or in CI)

# Tried once for each .venv; a machine without it skips the page tests and nothing else.
.venv/.system: | $(BIN)/python
	@tools/system.sh && touch $@

# ---------------------------------------------------------------------- using

demo: install  ## run a small shop into the local workspace and report
	@$(BIN)/truthpoint demo $(ARGS)

up: install  ## start worker, local workspace and gateway; Ctrl-C drains
	@$(BIN)/truthpoint up $(ARGS)

# -------------------------------------------------------------------- proving

test: install  ## run all tests but the soak (TESTS=path narrows, ARGS adds options)
	@$(BIN)/python -m pytest -n 2 -m "not soak" $(ARGS) $(TESTS)

soak: install  ## run the same proofs at full size
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -n 2 -m "soak or sized" $(ARGS) $(TESTS)
	@$(if $(filter tests,$(TESTS)),$(MAKE) --no-print-directory mutants)

mutants: install  ## change the core in one place at a time: a test must see it (30 minutes at most)
	@$(BIN)/python tools/mutate.py

check: check-format check-lint check-types check-imports check-shape check-house check-docs  ## run every gate (make -k check goes on after a failure)
	@echo "check: every gate passed"

check-format: install
	@echo "--- format" && $(BIN)/ruff format --quiet --diff .

check-lint: install
	@echo "--- lint" && $(BIN)/ruff check --quiet .

check-types: install
	@echo "--- types" && $(BIN)/pyright

check-imports: install
	@echo "--- imports" && $(BIN)/lint-imports --no-cache

check-shape: install
	@echo "--- shape" && $(BIN)/python tools/shape.py

check-house: install
	@echo "--- house" && $(BIN)/python tools/house.py

check-docs: install
	@echo "--- docs" && $(BIN)/python tools/docs.py --check

bench: install  ## measure captures, delivery and where the time goes
	@$(BIN)/python bench/run.py $(ARGS)

# ----------------------------------------------------------------- generating

format: install  ## put the code in the house form
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

docs: install  ## write the generated reference pages, then check all links
	@$(BIN)/python tools/docs.py generate

# Needs uv, which nothing else does. Versions move only when uv.lock is renewed.
lock:  ## write the two requirements files anew
	@test -n "$(UV)" || { echo "make lock needs uv on the PATH." >&2; exit 1; }
	@$(UV) lock --quiet
	@for row in "requirements.lock --no-dev" "requirements-dev.lock --all-groups"; do \
	  set -- $$row; \
	  { echo "# Pinned by 'make lock'. Do not edit."; \
	    $(UV) export --quiet --frozen --no-emit-project --no-header --no-annotate \
	      --format requirements.txt "$$2"; } > "$$1.new" && mv "$$1.new" "$$1" || exit 1; \
	  echo "$$1: $$(grep -c '==' "$$1") packages"; done
