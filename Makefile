# The whole book with Python 3.11 to 3.13 and make. Nothing is written outside this folder.
#
#   make read     build the book and read it at http://localhost:8000
#   make test     every test with coverage (ARGS="-k softmax" runs some)
#   make check    ruff, pyright, import-linter
#   make browser  the tests in a real browser (needs Chromium)
#   make build    run what has changed, and build the site into site/
#   make fresh    say which executed notebooks are stale
#   make bench    timings against model.fit and PyTorch
#   make clean    remove everything that was made, the environment too

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
CACHE := $(CURDIR)/.cache
PORT ?= 8000
ARGS ?=
# Some tests alone cover less.
COVERED = $(if $(ARGS),,--cov-fail-under=95)
FORCE ?=
OFFLINE ?=
CONSTRAINTS ?= constraints.txt

export PIP_DISABLE_PIP_VERSION_CHECK ?= 1
export PIP_NO_CACHE_DIR ?= 1
export XDG_CACHE_HOME := $(CACHE)
export MPLCONFIGDIR := $(CACHE)/matplotlib
export IPYTHONDIR := $(CACHE)/ipython
export JUPYTER_CONFIG_DIR := $(CACHE)/jupyter/config
export JUPYTER_DATA_DIR := $(CACHE)/jupyter/data
export JUPYTER_RUNTIME_DIR := $(CACHE)/jupyter/runtime
export KERAS_HOME ?= $(CACHE)/keras
export TF_CPP_MIN_LOG_LEVEL := 3
export NO_MKDOCS_2_WARNING := 1

.PHONY: help read test check browser build fresh bench clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

read: $(VENV)/.docs
	$(BIN)/dlbook read --port $(PORT)

build: $(VENV)/.docs
	$(BIN)/dlbook build $(FORCE) $(OFFLINE)

test: $(VENV)/.test
	@mkdir -p $(CACHE)/coverage
	$(BIN)/python -m pytest --ignore=tests/site/browser --cov --cov-report=term $(COVERED) $(ARGS)

browser: $(VENV)/.test
	$(BIN)/python -m pytest tests/site/browser $(ARGS)

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

fresh: $(VENV)/.docs
	$(BIN)/dlbook build --check

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist site htmlcov

# One environment. Each stamp says which extras it holds; the larger ones contain the smaller.
$(VENV)/.docs: $(VENV)/.python pyproject.toml $(CONSTRAINTS)
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) -e '.[docs]'
	@touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml $(CONSTRAINTS)
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) -e '.[docs,test,cluster]'
	@touch $(VENV)/.docs $@

$(VENV)/.bench: $(VENV)/.python pyproject.toml $(CONSTRAINTS)
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) -e '.[bench]'
	@touch $@

# The first Python that fits: PYTHON if given, else the newest of those that TensorFlow runs on.
$(VENV)/.python:
	@for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python); do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
	    echo "Setting up $(VENV) with $$("$$python" --version). The first time this downloads about 1 GB."; \
	    "$$python" -m venv $(VENV) || { \
	      echo "dlbook: $$python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	    touch $@; exit 0; \
	  fi; \
	done; \
	echo "dlbook needs Python 3.11, 3.12 or 3.13. Found: $$($(or $(PYTHON),python3) --version 2>&1 || true). Another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; \
	exit 1
