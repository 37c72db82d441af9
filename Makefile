# `make` lists what there is. Every target sets up what it needs; set-up does nothing when nothing has changed.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
DEMO := scenarios/outbound_retail.yaml

.PHONY: help setup demo test check serve load compile bench docs mutants

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## .venv with the pinned versions, and the core compiled where a C compiler is found
	@$(PYTHON) tools/set_up.py

demo: setup  ## an evening of predictive dialling: KPI table and report, in under 30 s
	$(BIN)/busyhour simulate $(DEMO) --out runs/demo
	@echo "Open runs/demo/report.html in a browser."

test: setup  ## every test; those whose system package is missing say that they are skipped
	$(BIN)/python -m pytest -n $$($(BIN)/python -c "import os; print(1 + (os.cpu_count() or 1))") --dist loadfile -q

check: setup  ## format, lint, types, import contracts, file sizes, ambient time and randomness
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python tools/check_sources.py

serve: setup  ## the platform on this machine, with its HTTP API on port 8000
	$(BIN)/busyhour serve

load: setup  ## a minute of load on a platform of its own: the table, and what was answered how
	$(BIN)/python -m tests.load

compile: setup  ## the core, the driver and the engine's hot path with mypyc, beside their sources
	@$(BIN)/python tools/compile_core.py

bench: setup  ## speed, memory and dialling quality, side by side with other simulators
	$(BIN)/python -m bench

mutants: setup  ## bugs planted in the core, one at a time: does the suite notice them?
	$(BIN)/python -m tests.mutants

docs: setup  ## the pages that derive from code, into docs/_generated
	$(BIN)/python tools/build_docs.py
