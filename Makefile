# `make book` and `make test` need Python 3.11 to 3.13 (with venv), make and git; nothing else.
PYTHON ?= python3
BIN := .venv/bin

# everything a test could depend on
SOURCES := $(shell find cartanalysis tests notebooks book -type f -not -name '*.pyc' -not -path '*/node_modules/*') \
  _config.yml _toc.yml pyproject.toml requirements.txt tests/requirements.txt Makefile

.PHONY: help book pdf test test-long retest lint lines bench lock clean node-tools

help:
	@echo "make book   build the book about the default cohort into _build/html"
	@echo "make pdf    print the book as a PDF beside its pages; needs Chromium"
	@echo "make test   run the checks and the tests, unless nothing changed since they were green"
	@echo "make retest run them in any case"
	@echo "make test-long  run them all, the long sweeps of the attacks too"
	@echo "make lint   run ruff, mypy and the docstring checks only"
	@echo "make lines  count the lines of the package, room by room"
	@echo "make bench  measure how fast cohorts are analysed and books built, and pages on a slow phone (node, Chromium)"
	@echo "make lock   renew requirements.txt and tests/requirements.txt from pyproject.toml"
	@echo "make clean  remove what was built, and the virtual environment"

.venv/installed: requirements.txt pyproject.toml
	@echo "== creating the virtual environment .venv with the locked requirements"
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed; this is %d.%d. Name another: make PYTHON=python3.12 ..." % v[:2])'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-test: .venv/installed tests/requirements.txt
	@echo "== adding the locked test tools"
	$(BIN)/python -m pip install --quiet --require-hashes -r tests/requirements.txt
	@touch $@

book: .venv/installed
	@echo "== building the book"
	@$(BIN)/cartanalysis publish an2020 --out _build/html

pdf: book
	@echo "== printing the book"
	@$(BIN)/cartanalysis pdf _build/html

lint: .venv/installed-test
	@echo "== checking style, types and docstrings"
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/numpydoc lint $(foreach room,stats study study/ensemble claims figures chapter,cartanalysis/$(room)/*.py)

lines:
	@$(PYTHON) scripts/lines.py

# make's own rule: what has not changed since it was last tested, green, is not tested again
_build/tested: $(SOURCES) .venv/installed-test
	@$(MAKE) --no-print-directory retest

test: _build/tested
	@echo "All of this was tested, green, on $$(date -r _build/tested); to run it again: make retest"

# two workers, which take tests from one another so that they end together
PYTEST = $(BIN)/python -m pytest -n 2 --dist worksteal

retest: lint node-tools
	@echo "== testing"
	$(PYTEST)
	@mkdir -p _build && touch _build/tested

test-long: lint node-tools
	@echo "== testing, the long sweeps too"
	$(PYTEST) -m "long or not long"

node-tools:
	@if command -v npm >/dev/null; then cd tests/browser && npm ci --silent --no-audit --no-fund; fi

# the tables go to a page of the book; the last needs node and a Chromium
bench: book
	$(BIN)/python bench/cohorts.py
	$(BIN)/python bench/scale.py
	$(BIN)/python bench/large.py
	$(BIN)/python bench/build.py
	cd bench && npm ci --silent
	$(BIN)/python bench/pages.py _build/html

lock: .venv/installed-test
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" --upgrade \
	  pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --custom-compile-command "make lock" --upgrade \
	  --extra test --constraint requirements.txt pyproject.toml --output-file tests/requirements.txt

clean:
	rm -rf _build .venv
