# Every target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
# The first Python on the PATH that is new enough; say PYTHON=/path/to/python3 for another one.
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.14,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Half of them wait for servers more than they work, so there may be more of them than cores.
WORKERS ?= 4
SECONDS ?= 300
SEED ?= 1
QUIETLY := --quiet --quiet --disable-pip-version-check --root-user-action=ignore

.DEFAULT_GOAL := help
.PHONY: help install demo test check format lint types imports docs bench soak lock clean browser-tools test-servers pages

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed pages ## Make .venv with the sharedbox command in it

$(VENV)/.installed: requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" scripts/make-venv $(VENV)
	@echo "Installing what requirements.lock lists into $(VENV); the first time takes a few minutes."
	@$(BIN)/python -m pip install $(QUIETLY) --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install $(QUIETLY) --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## Start everything on this machine, with a local Slack and a sample inbox
	@$(BIN)/sharedbox demo $(ARGS)

# All its processes import the same: what one has compiled, the others need not, whatever is set.
test: install test-servers browser-tools ## Run every test (pass pytest options by ARGS=...)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

pages: node_modules/.pages

node_modules/.pages: package.json package-lock.json | $(VENV)/.installed
	@[ -e node_modules/.installed ] || PATH="$(CURDIR)/$(BIN):$$PATH" scripts/npm-ci --omit=dev
	@touch $@

test-servers:
	@scripts/ensure-test-servers
	@scripts/unpack-mail-servers

browser-tools: node_modules/.installed

node_modules/.installed: package.json package-lock.json | $(VENV)/.installed
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/npm-ci
	@touch $@ node_modules/.pages

check: ## Everything CI runs: format, lint, types, import rules, tests
	@.ci/run

format: install ## Put the code into the house's shape
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lint: install ## Check format and lint
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: install ## Check types, strictly
	@$(BIN)/mypy

imports: install ## Check which part imports which
	@$(BIN)/lint-imports

docs: install ## Write .env.example and docs/configuration.md anew from the settings
	@$(BIN)/python -m scripts.settings_docs

bench: install test-servers ## Measure (pass options by ARGS=...); see docs/performance.md
	@$(BIN)/python -m bench $(ARGS)

soak: install test-servers ## Let everything fail at random (SECONDS=300 SEED=1)
	@$(BIN)/python -m tests.rig.soak --seconds $(SECONDS) --seed $(SEED) $(ARGS)

lock: install ## Resolve the dependencies anew (ARGS=--upgrade for the newest)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python scripts/lock.py $(ARGS)

clean: ## Remove what the targets above made
	rm -rf $(VENV) node_modules .test-servers .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
