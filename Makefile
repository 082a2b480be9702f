# Every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test check format lint types imports bench lock clean browser-tools test-servers

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

install: $(VENV)/.installed ## Make .venv with the sharedbox command in it

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "SharedBox needs Python 3.11 or newer; run make with PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## Start everything on this machine, with a local Slack and a sample inbox
	@$(BIN)/sharedbox demo $(ARGS)

test: install test-servers browser-tools ## Run every test (pass pytest options by ARGS=...)
	@$(BIN)/python -m pytest $(ARGS)

test-servers:
	@scripts/ensure-test-servers

browser-tools: node_modules/.installed

node_modules/.installed: package.json package-lock.json | install
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/npm-ci
	@touch $@

check: lint types imports test ## Everything CI runs: format, lint, types, import rules, tests

format: install ## Put the code into the house's shape
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lint: install ## Check format and lint
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: install ## Check types, strictly
	@$(BIN)/mypy

imports: install ## Check which part imports which
	@$(BIN)/lint-imports

bench: install test-servers ## Measure (pass options by ARGS=...); see docs/performance.md
	@$(BIN)/python -m bench $(ARGS)

lock: install ## Resolve the dependencies anew (ARGS=--upgrade for the newest)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python scripts/lock.py $(ARGS)

clean: ## Remove what the targets above made
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
