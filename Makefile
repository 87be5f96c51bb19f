# `make demo` and `make test` need Python 3.11 or later with pip, and git; each makes its own environment.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Tests wait for servers and processes: one more than the cores of a small machine.
JOBS ?= 3

.PHONY: help demo test lint types unit format schemas bench clean

help:
	@echo "make demo     play a bad deploy and its rollback on servers of its own, in a temporary directory"
	@echo "make test     lint, types and all tests"
	@echo "make format   format the code"
	@echo "make schemas  write schemas/ again"
	@echo "make bench    measure against the tools that one would pick instead"
	@echo "make clean    remove the environment"

demo: $(VENV)/.demo
	$(BIN)/snap demo

test: lint types unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

unit: $(VENV)/.dev
	$(BIN)/pytest -n $(JOBS) --dist worksteal

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(VENV)/.dev
	$(BIN)/python -m snapstore.schemas

bench: $(VENV)/.dev
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV)

# Where Python comes without ensurepip (Debian keeps it in another package), its pip installs the other one.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { $(PYTHON) -m venv --clear --without-pip $(VENV) && \
		$(PYTHON) -m pip --python $(BIN)/python install --quiet --no-input pip; }

# pip compiles what it installs, but not what it only links to. Where Python must write nothing while it runs (in many
# containers), each command would compile all of it.
COMPILE := $(BIN)/python -m compileall -q snapstore adapters

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e '.[demo]'
	$(COMPILE)
	touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e '.[dev]'
	$(COMPILE)
	touch $@ $(VENV)/.demo
