# make train, make test: everything they need is set up on the first call, in .venv.
ENV ?= CartPole-v1
OBS ?= pixels
PRESET ?= fast
SEED ?= 1
ARGS ?=

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

.PHONY: help setup train test test-slow test-browser lint bench cartpole ladder tensorboard clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/installed: setup.cfg constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(INSTALL) -e .
	@touch $@

.venv/installed-test: .venv/installed
	$(INSTALL) -e .[test]
	@touch $@

setup: .venv/installed  ## Make .venv and install into it

train: .venv/installed  ## Learn CartPole from pixels (OBS=state ENV=... PRESET=... SEED=...); again: resume
	$(BIN)/python scripts/train.py --env $(ENV) --obs $(OBS) --preset $(PRESET) --seed $(SEED) --resume $(ARGS)

test: lint  ## Lint, types and the fast tests
	$(BIN)/python -m pytest -n auto --dist worksteal

test-slow: .venv/installed-test  ## The learning runs
	$(BIN)/python -m pytest -m slow

test-browser: .venv/installed-test  ## The pages, in an installed Chromium
	$(BIN)/python -m pytest -m browser

lint: .venv/installed-test  ## Formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/installed  ## The table of speeds and scores (about 6 minutes)
	$(BIN)/python scripts/benchmark.py $(ARGS)

cartpole: .venv/installed  ## All of docs/cartpole.md: 23 runs, about an hour; again: resume
	$(BIN)/python scripts/sweep.py --preset fast chapter --seeds 5
	$(BIN)/python scripts/sweep.py --obs pixels --seeds 3 --env.frame-stack 1 --steps 25000 --out runs/one-image
	mkdir -p docs/cartpole
	$(BIN)/python scripts/compare.py runs/one-image
	$(BIN)/python scripts/compare.py runs/CartPole-v1 --as-reference --out docs/cartpole/report.html \
	    --figures docs/cartpole

ladder: .venv/installed  ## The table and figure of docs/ladder.md: 93 runs, about two hours; again: resume
	$(BIN)/python scripts/sweep.py --ladder --obs state pixels --seeds 3 --out runs/family \
	    --evaluation.video-frames 0 --evaluation.probe-samples 0 $(ARGS)
	mkdir -p docs/ladder
	cp runs/family/ladder/* docs/ladder/

tensorboard: .venv/installed  ## Curves of all runs side by side
	$(BIN)/tensorboard --logdir runs

clean:  ## Remove .venv and caches, not runs
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache *.egg-info
