# Every target makes its own virtual environment from the lock file when there is none.
PYTHON ?= python3
BIN := .venv/bin

# Debian keeps ensurepip in a package of its own; pip can install itself into an environment that lacks it.
WITHOUT_ENSUREPIP := { $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }

# The first sentence that a machine with an older one shows, instead of a package's.
OLD := allot needs Python 3.11 or later, and this is %d.%d: name another one, as in `make PYTHON=python3.13`

# The databases to test on. Measuring coverage takes half as long again; .ci/run asks for it.
DATABASES ?= sqlite postgres
COVERAGE ?=

# Each process begins with neighbours, which share servers, and takes from the others when it has nothing to do.
TESTS := $(BIN)/python -m pytest -q --dist worksteal
# Tests wait for processes, leases and pauses a third of their time, when others can use the processor. The long ones do not.
WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) * 3 // 2)')

# To compile the tests anew takes each process of a run longer than all tests of core.
unexport PYTHONDONTWRITEBYTECODE

# npm writes it last: what was cut off is installed anew.
LIGHTHOUSE := tests/browser/node_modules/.package-lock.json

.PHONY: install serve test coverage long browser check format bench docs lock clean

install: .venv/installed  ## the virtual environment, with .venv/bin/allot

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("$(OLD)" % sys.version_info[:2])'
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv || $(WITHOUT_ENSUREPIP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q src
	touch $@

serve: install  ## the demo organization on http://127.0.0.1:8080
	$(BIN)/allot serve --demo

test: ABSENT = $(filter-out $(DATABASES),sqlite postgres)
test: install  ## all tests but the long ones; DATABASES=sqlite leaves PostgreSQL out, COVERAGE=1 measures coverage
	$(TESTS) -n $(WORKERS) -m "not long and not browser$(ABSENT:%= and not %)" $(if $(COVERAGE),--cov --cov-report=)

coverage: install  ## what `make test COVERAGE=1` reached: every branch of core, 95 % of everything
	$(BIN)/coverage report --include='src/allot/core/*' --fail-under=100
	$(BIN)/coverage report --fail-under=95

long: install  ## kill, fuzz and soak tests, with bounded counts
	$(TESTS) -n auto -m long

browser: install $(LIGHTHOUSE)  ## the console in a real browser: Debian's chromium, or the one that CHROMIUM names
	$(TESTS) -n auto -m browser

$(LIGHTHOUSE): tests/browser/package-lock.json
	cd tests/browser && npm ci --no-audit --no-fund --ignore-scripts

check: install  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install  ## every benchmark, ratios side by side
	$(BIN)/python -m bench

docs: install  ## the site, in site/
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict --quiet

lock: install  ## resolve the dependencies again, for every Python and system in one file
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --custom-compile-command "make lock" \
	  --extra otel --extra fast --extra dev --output-file requirements.lock pyproject.toml

clean:
	rm -rf .venv site build
