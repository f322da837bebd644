# Needs Python 3.11 or newer, git and make; on Linux x86-64 with Python 3.11 or 3.12 nothing else.
# Elsewhere a redis-server or valkey-server on PATH is needed too, and `make run` says how to install it.

BIN := .venv/bin
INSTALLED := .venv/.installed
ROOMS := clients config console domain ingest simulators state tasks workers

# A candidate may be there and not work (a pyenv shim, a Python without venv): only running it tells.
PYTHONS := $(PYTHON) python3.12 python3.11 python3.13 python3.14 python3
WORKS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

.PHONY: install run demo test thorough faults lint bench lock clean

install: $(INSTALLED)

run: $(INSTALLED)
	@$(BIN)/windfall up

demo: $(INSTALLED)
	@$(BIN)/windfall up --demo

# More at once than two cores: tests of whole systems mostly wait. They start hundreds of processes of ours, none of
# which should compile all modules again, as in a fresh clone where PYTHONDONTWRITEBYTECODE is set. What pytest makes of
# the tests is kept too: each of its processes needs it, and it is two fifths of what they do before the first test.
test: $(INSTALLED)
	@$(BIN)/python -m compileall -q $(ROOMS) tests
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist worksteal

# The same properties on more examples than `make test` has the time for.
thorough: $(INSTALLED)
	@$(BIN)/python -m pytest -n 3 --dist worksteal --hypothesis-profile=thorough -m hypothesis

# An hour of kill -9, of a Redis that is away, and of installs and inventories of whole fleets; `make test` has short forms
# of most.
faults: $(INSTALLED)
	@$(BIN)/python -m tests.faults kills
	@$(BIN)/python -m tests.faults outages
	@$(BIN)/python -m tests.faults groups
	@$(BIN)/python -m tests.faults hours
	@$(BIN)/python -m tests.faults neighbours
	@$(BIN)/python -m tests.faults installs
	@$(BIN)/python -m tests.faults inventory
	@$(BIN)/python -m tests.faults deciders

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict $(ROOMS)

bench: $(INSTALLED)
	@$(BIN)/python -m bench

# Writes requirements.lock (everything) and requirements-run.lock (what runs in production) anew.
lock: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile setup.cfg --all-extras --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --quiet -o requirements.lock
	@echo setuptools | $(BIN)/uv pip compile setup.cfg - --constraint requirements.lock --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --quiet -o requirements-run.lock

clean:
	@rm -rf .venv windfall.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(INSTALLED): requirements.lock setup.cfg pyproject.toml
	@if ! $(BIN)/python -c '$(WORKS)' 2>/dev/null; then \
	    for python in $(PYTHONS); do \
	        if $$python -c '$(WORKS)' 2>/dev/null; then found=$$python; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "windfall: no working Python 3.11 or newer with venv was found (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; \
	    fi; \
	    echo "windfall: making .venv with $$($$found --version)"; \
	    $$found -m venv --clear .venv || exit 1; \
	fi
	@echo "windfall: installing what requirements.lock names (once; a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
