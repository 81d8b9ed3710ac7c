# The verbs of this workspace. `make run` and `make check test` need nothing but Python 3.11 and this checkout:
# they bring uv and, when run as root on Debian, the servers that the tests speak to.

.DEFAULT_GOAL := help
.PHONY: help setup fix check test bench mutants docs run core clean

UV := $(shell tools/uv.sh)
RUN := $(UV) run --no-sync

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 8

setup: ## install uv, Debian packages (as root) and the locked environment
	@tools/debian.sh
	@$(UV) sync --all-packages --locked --quiet

fix: setup ## format and repair what can be repaired
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

check: setup ## formatting, lint, types, arrows between packages, version ranges, docs
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) pyright
	$(RUN) mypy packages/orbital-sdk/src
	$(RUN) lint-imports
	$(RUN) zizmor --offline --quiet .github
	$(RUN) orbital-dev ranges
	$(RUN) orbital-dev metadata
	$(RUN) orbital-dev docs --check

test: setup ## the tests (what CI checks is `make check test`)
	@$(RUN) python -m orbital_testbench.snmpsim # downloads now and not in the middle of a test
	$(RUN) python -m pytest -n 4 --dist loadfile --no-loadscope-reorder # more than two cores' worth: tests mostly wait; the slow ones, of whole agents, first

bench: setup ## measure beside real peers; prints ratios (BENCH=name for one of them)
	$(RUN) orbital-bench $(BENCH)

mutants: setup ## change ROOM (sender, scheduler/admission.py) in 50 places, and show what its tests do not notice
	$(RUN) orbital-dev mutants $(ROOM)

docs: setup ## regenerate what docs/reference derives from the code
	$(RUN) orbital-dev docs

run: ## the agent on its built-in configuration; what root runs keeps its files in .run of this checkout
	@if [ "$$(id -u)" = 0 ]; then export XDG_DATA_HOME="$${XDG_DATA_HOME:-$(CURDIR)/.run}"; fi; if [ -t 0 ]; then set -m; fi; quiet=--quiet; if [ -t 2 ]; then quiet=; fi; $(UV) run --locked $$quiet --package orbital-sentinel sentinel start # -m: Ctrl-C is the agent's, not make's

core: ## a Gravital Core to develop against, at http://127.0.0.1:8080
	@$(UV) sync --locked --inexact --quiet --package orbital-devcore --package orbital-sentinel
	@if [ -t 0 ]; then set -m; fi; $(RUN) devcore

clean: ## remove what the verbs above made
	rm -rf .venv .venv-lowest .tools .run dist .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
