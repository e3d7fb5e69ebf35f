# Given Python 3.11 or later and cargo, every target sets up what it needs in
# its own environment. `make help` lists the targets and the settings.

PYTHON ?= python3
VENV ?= .venv
OUT ?= build/paper
PYTEST_ARGS ?= --numprocesses auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help paper proofs site learn test lint style types rust-test pytest lowest coverage bench format develop dist clean

BIN := $(abspath $(VENV))/bin
BUILD_REQUIRES := $(VENV)/.build-requires
INSTALLED := $(VENV)/.installed
# What `make lowest` runs: the public functions, the edges, and everything that hands data to another
# package.
LOWEST_TESTS := $(patsubst %,tests/test_%.py,api answers arrays cli files kernel new_game outputs pde \
	plots registry sweep)
TEST_EXTRAS := $(VENV)/.test-extras
SITE_EXTRAS := $(VENV)/.site-extras
LEARN_EXTRAS := $(VENV)/.learn-extras
SITE_WITH ?= docs,market
PACKAGES := eqsolve derivations paper templates paper_figures
CHECKED := $(PACKAGES) $(wildcard setup.py tests benchmarks docs)

# What the wheel is made of (but for the name of the folder paper, which is that of a target).
# Folders are listed beside their files: their time
# changes when a file is added or deleted.
SOURCES := setup.cfg setup.py pyproject.toml MANIFEST.in README.md LICENSE \
	$(filter-out paper,$(shell find $(PACKAGES) rust \( -path rust/target -o -name __pycache__ -o -name '*.so' \) \
		-prune -o -print))

help:
	@echo "make paper     derive, evaluate and verify the whole paper; report in $(OUT)"
	@echo "make test      every check: lint, types, Rust and Python tests"
	@echo "make lint      ruff and mypy only"
	@echo "make rust-test formatting, clippy and tests of the crate only"
	@echo "make pytest    Python tests only"
	@echo "make lowest    quick tests with the lowest versions that setup.cfg admits"
	@echo "make walk      every verb on every game, the long ones included"
	@echo "make proofs    let Coq check the theorems about all games and notions (in build/proofs) and refuse planted errors"
	@echo "make site      the documentation with the gallery, in build/site"
	@echo "make learn     learned solvers beside the derived solution, all of them twice, in docs/learned.md"
	@echo "make coverage  Python tests with a coverage report"
	@echo "make bench     run the benchmarks"
	@echo "make format    format Python and Rust sources"
	@echo "make develop   editable installation in .venv-dev, for daily work"
	@echo "make dist      sdist and wheel in dist/"
	@echo "make clean     remove everything that make created"
	@echo "settings:      PYTHON=$(PYTHON) VENV=$(VENV) OUT=$(OUT)"
	@echo "               LOCKED=1 installs exactly what requirements.lock says"
	@echo "               PYTEST_ARGS='$(PYTEST_ARGS)'"

paper: $(INSTALLED)
	$(BIN)/eqsolve paper --out $(OUT)

# Quick checks first, and two at a time; the tests' own summary comes last.
test:
	$(MAKE) --jobs=2 style rust-test
	$(MAKE) --jobs=2 types pytest

lint: style types

style: $(TEST_EXTRAS)
	$(BIN)/ruff format --no-cache --diff $(CHECKED)
	$(BIN)/ruff check --no-cache $(CHECKED)

# mypy checks the installed package, from a folder where eqsolve/ does not hide
# it: only there are derivations and the other packages in their place.
types: $(TEST_EXTRAS)
	mkdir -p build/mypy
	cd build/mypy && $(BIN)/mypy --config-file $(CURDIR)/setup.cfg --package eqsolve

# $(call cargo_component,NAME,ARGUMENTS): fmt and clippy are optional parts of a
# Rust installation. Without them the check is left out, but never unattended.
define cargo_component
	@if cargo $(1) --version >/dev/null 2>&1; then \
		echo "cargo $(1) $(2)"; cd rust && cargo $(1) $(2); \
	else \
		echo "cargo $(1) is not installed: check left out" >&2; test -z "$$EQSOLVE_REQUIRE_TOOLS"; \
	fi
endef

rust-test: export PYO3_PYTHON = $(BIN)/python3
rust-test: | $(BIN)/python
	$(call cargo_component,fmt,--check)
	$(call cargo_component,clippy,--locked --all-targets --all-features -- -D warnings)
	cd rust && cargo test --locked

# PYTHONSAFEPATH: `python -m eqsolve`, started by a test in this folder, must not
# find the sources instead of the installed package.
pytest walk lowest coverage: export PYTHONSAFEPATH = 1
pytest: $(INSTALLED) $(TEST_EXTRAS)
	$(BIN)/pytest -m "not full" $(PYTEST_ARGS)

walk: $(INSTALLED) $(TEST_EXTRAS)
	$(BIN)/pytest -m full $(PYTEST_ARGS)

# In an environment of its own. What has no bound (packages that others bring) is the newest.
lowest: dist/.built
	rm -rf build/lowest
	$(PYTHON) -m venv build/lowest
	$(PYTHON) tests/lowest.py > build/lowest/constraints.txt
	build/lowest/bin/pip install --quiet --constraint build/lowest/constraints.txt \
		"$$(echo dist/eqsolve_games-*.whl)[test]"
	build/lowest/bin/pytest -m "not slow and not full" -p no:xdist $(LOWEST_TESTS)

# Needs coqc. The record of formal equations that is shipped is that of this check. Then 200 planted
# errors, which Coq must refuse.
proofs: $(INSTALLED)
	$(BIN)/eqsolve prove --notion all --check --out build/proofs --record build/formal.json
	diff paper/formal.json build/formal.json
	PYTHONPATH=tests $(BIN)/python -P -m prove.mutations

# Notebooks are executed side by side, and a warning is an error. SITE_ARGS='-D nb_execution_mode=off
# -D eqsolve_short=1' executes none and derives nothing. PyMC wants another numba than the tests use:
# VENV=.venv-site SITE_WITH=docs,market,bayes executes its notebook, too.
site: $(INSTALLED) $(SITE_EXTRAS)
	PATH="$(BIN):$$PATH" $(BIN)/sphinx-build -b html -j auto -W --keep-going -q $(SITE_ARGS) docs build/site

# Their tests, those that are long among them, and the table.
learn: $(INSTALLED) $(TEST_EXTRAS) $(LEARN_EXTRAS)
	PYTHONSAFEPATH=1 $(BIN)/pytest -n 0 tests/learn
	$(BIN)/python -P benchmarks/learned.py

coverage: $(INSTALLED) $(TEST_EXTRAS)
	$(BIN)/pytest -m "not full" $(PYTEST_ARGS) --cov --cov-report=term --cov-report=html

bench: $(INSTALLED)
	set -e; for script in $(wildcard benchmarks/bench_*.py); do $(BIN)/python $$script; done

format: $(TEST_EXTRAS)
	$(BIN)/ruff check --quiet --select I --fix $(CHECKED)
	$(BIN)/ruff format --quiet $(CHECKED)
	cd rust && cargo fmt

# In an environment of its own, so that the tests keep the installed wheel.
develop:
	$(PYTHON) -m venv .venv-dev
	.venv-dev/bin/pip install --quiet --editable '.[test]'

dist: dist/.built

clean:
	rm -rf build dist .venv-dev $(VENV) rust/target *.egg-info
	rm -rf docs/generated docs/gallery .coverage htmlcov .hypothesis .mypy_cache .pytest_cache
	find $(CHECKED) -name __pycache__ -prune -exec rm -rf {} +
	find eqsolve -name '_grid*.so' -delete

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || \
		{ echo "$(PYTHON) lacks ensurepip (python3-venv on Debian)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The wheel is built from the sdist, in the environment that it will be installed in: what it is built
# with it needs later, too, and an isolated build would install that twice more.
$(BUILD_REQUIRES): pyproject.toml | $(BIN)/python
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		>$(VENV)/build-requires.txt
	$(BIN)/pip install --quiet 'build>=1.2.1' --requirement $(VENV)/build-requires.txt
	touch $@

# What the build prints is shown if it fails.
dist/.built: export CARGO_TARGET_DIR = $(CURDIR)/rust/target
dist/.built: $(SOURCES) $(BUILD_REQUIRES)
	@command -v cargo >/dev/null || { echo "cargo (Rust) is needed to build eqsolve" >&2; exit 1; }
	rm -rf dist
	mkdir -p build dist
	$(BIN)/python -m build --no-isolation --outdir dist >build/dist.log 2>&1 || { tail -n 60 build/dist.log >&2; exit 1; }
	touch $@

# pip keeps an installed package of the same version.
# With LOCKED=1 the packages are those of requirements.lock, of which every file is known by its hash.
$(INSTALLED): dist/.built | $(BIN)/python
	$(if $(LOCKED),$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock)
	$(BIN)/pip uninstall -qqq --yes eqsolve-games
	$(BIN)/pip install --quiet dist/eqsolve_games-*.whl
	touch $@

# Of these most modules are never imported: each is compiled when it is.
$(TEST_EXTRAS): setup.cfg $(INSTALLED)
	$(BIN)/pip install --quiet --no-compile "$$(echo dist/eqsolve_games-*.whl)[test]"
	touch $@

$(LEARN_EXTRAS): setup.cfg $(INSTALLED)
	$(BIN)/pip install --quiet "$$(echo dist/eqsolve_games-*.whl)[learn]"
	touch $@

$(SITE_EXTRAS): setup.cfg $(INSTALLED)
	$(BIN)/pip install --quiet "$$(echo dist/eqsolve_games-*.whl)[$(SITE_WITH)]"
	touch $@
