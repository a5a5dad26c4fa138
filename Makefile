# `make demo` shows the job at work, `make up` serves it, `make test` proves it. Needed: Python 3.11, 3.12 or 3.13 with pip and venv.
# Another Python: `make PYTHON=python3.12 demo`. Arguments: `make demo ARGS=--help`, `make test ARGS=tests/config`.

# Compiled modules are kept, whatever this machine's environment says: each command would compile them again.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))

# Empty files inside the virtual environment, so that what is done already is not done again: what it was made with,
# and what was installed. Without PYTHON=..., one that exists is kept whatever its Python.
ifndef PYTHON
NAMES := python3 python3.13 python3.12 python3.11 python
PYTHON := $(firstword $(foreach name,$(NAMES),$(shell $(name) -c "$(SUITABLE)" 2>/dev/null && echo $(name))) python3)
MADE := $(firstword $(wildcard $(VENV)/made-with-*))
endif
MADE := $(or $(MADE),$(VENV)/made-with-$(shell $(PYTHON) -c "import sys; print('%d.%d' % sys.version_info[:2])"))
RUN := $(VENV)/has-requirements
DEV := $(VENV)/has-requirements-dev

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A lock file is whole, so nothing beside it is looked for; `pip check` proves that nothing was missing.
INSTALL := $(PIP) install --no-deps

# uv reads no configuration of this machine, so that the lock files are the same wherever they are made.
LOCK := $(BIN)/uv pip compile --no-config --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --strip-extras --custom-compile-command "make lock" --quiet $(UPGRADE)

.PHONY: demo up test coverage check format bench proof fuzz sbom setup lock clean
.DEFAULT_GOAL := demo

demo: setup
	$(BIN)/activation-sync demo $(ARGS)

up: setup
	$(BIN)/activation-sync up $(ARGS)

# Four at a time, since most tests wait; a file stays with one worker, so that its servers start once. Files begin in the
# order of tests/conftest.py, the longest first: left to itself, xdist would put those of the fewest tests last.
PYTEST := $(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(DEV) check
	$(PYTEST) $(ARGS)

coverage: $(DEV)
	$(PYTEST) --cov $(ARGS)

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV)
	$(BIN)/python -m tests.benchmarks $(ARGS)

proof: $(DEV)
	$(BIN)/python -m tests.proof $(ARGS)

fuzz: $(DEV)
	$(BIN)/python -m tests.fuzz $(ARGS)

# What production installs, in an environment of its own, so that nothing of development is listed.
sbom: $(DEV)
	$(BIN)/python -m venv --clear --without-pip $(VENV)/production
	$(PIP) --python $(VENV)/production install --no-deps --require-hashes --requirement requirements-production.lock
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible \
		--output-file sbom.json $(VENV)/production

setup: $(RUN)

lock: $(MADE)
	$(INSTALL) --require-hashes --requirement requirements-dev.lock
	$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) pyproject.toml --group build --extra s3 --extra azure --constraint requirements.lock --output-file requirements-production.lock
	$(LOCK) pyproject.toml --group build --extra dev --constraint requirements-production.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) build sbom.json *.egg-info .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@$(PYTHON) -c "$(SUITABLE)" || { echo "$(PYTHON) is not Python 3.11 to 3.13; say make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(RUN): $(MADE) requirements.lock pyproject.toml
	@echo "Installing what the job needs into $(VENV), once"
	$(INSTALL) --require-hashes --requirement requirements.lock
	$(INSTALL) --no-build-isolation --editable .
	$(PIP) check
	@touch $@

# What development needs includes what the job needs, so that a fresh checkout installs once before its tests.
$(DEV): $(MADE) requirements-dev.lock pyproject.toml
	@echo "Installing what development needs into $(VENV), once"
	$(INSTALL) --require-hashes --requirement requirements-dev.lock
	$(INSTALL) --no-build-isolation --editable .
	$(PIP) check
	@touch $(RUN) $@
