# Every command here works on a fresh machine with Python 3.11 and make. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .tools
RUN_STAMP := $(VENV)/.run-installed
DEV_STAMP := $(VENV)/.dev-installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of interpreters: let none of them compile everything anew, whatever the machine says.
unexport PYTHONDONTWRITEBYTECODE
# A system-wide opa or regal is used only where its version fits; see scripts/tools.sh.
export PATH := $(CURDIR)/$(TOOLS):$(PATH)

# One more than there are cores, because many tests wait for servers; each makes servers of its own.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 4 ? cores + 1 : 4)))

.PHONY: help run test test-embedded test-night coverage check tools servers bundle bench bench-rego bench-backtest bench-audit bench-postgres bench-ledger format lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit("Regent needs Python 3.11 or newer; found " + sys.version) if sys.version_info < (3, 11) else None'
	"$(PYTHON)" -m venv $(VENV)

$(RUN_STAMP): requirements/run.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.lock
	bash scripts/link.sh
	touch $@

$(DEV_STAMP): requirements/dev.lock $(RUN_STAMP)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	touch $@

run: $(RUN_STAMP) ## Set everything up and start the gateway on its embedded default
	$(BIN)/regent init --quiet-if-present
	exec $(BIN)/regent serve

tools: $(BIN)/python ## Put the pinned `opa` and two strangers' readers of the audit log into .tools
	bash scripts/tools.sh

servers: $(DEV_STAMP) ## Find the servers that tests need, or install them (root on Debian/Ubuntu), or say how
	bash scripts/servers.sh
	bash scripts/oidc-provider.sh

test: $(DEV_STAMP) tools servers ## Run every test, on real servers
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-embedded: $(DEV_STAMP) ## Run the tests that need no server
	$(BIN)/python -m pytest -m "not server"

test-night: $(DEV_STAMP) ## Kill the log's writers and its sequencer in 1,000 rounds (minutes), and see what they promised
	REGENT_KILL_ROUNDS=1000 $(BIN)/python -m pytest tests/audit/merging/test_kills.py

coverage: $(DEV_STAMP) tools servers ## Run every test and show which lines none of them reaches
	$(BIN)/python -m coverage run -m pytest -q
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

check: $(DEV_STAMP) tools ## Format, lint, types, arrows, Rego
	bash scripts/check.sh

bench-audit: $(DEV_STAMP) ## Measure the audit log beside plain SQLite and a plain hash chain
	$(BIN)/python -m bench.audit

bench-backtest: $(DEV_STAMP) ## Measure how many recorded decisions a second a backtest replays
	$(BIN)/python -m bench.backtest

bench-postgres: $(DEV_STAMP) servers ## Measure the log in PostgreSQL beside one chain of all records
	$(BIN)/python -m bench.postgres

bench-ledger: $(DEV_STAMP) servers ## Measure limits and budgets beside plain SQLite and plain Redis
	$(BIN)/python -m bench.ledger
	$(BIN)/python -m bench.ledger_redis

format: $(DEV_STAMP) tools ## Rewrite code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(TOOLS)/opa fmt --write policies

bundle: $(DEV_STAMP) tools ## Build the shipped default bundle from policies/
	$(BIN)/regent bundle build policies --output bundles/default

bench: $(DEV_STAMP) tools ## Measure the gateway beside a bare pass-through
	$(BIN)/python -m bench

bench-rego: $(DEV_STAMP) tools ## Measure policy evaluation beside opa bench and an OPA server
	$(BIN)/python -m bench.rego

lock: | $(BIN)/python ## Resolve dependencies again and write the hashed lock files
	bash scripts/lock.sh

clean: ## Remove what make made, but no data
	rm -rf $(VENV) $(TOOLS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
