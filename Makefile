# Everything a person needs: make up | test | check | bench | lock | clean
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MUSIC ?=
PARALLEL := -n logical --maxprocesses 8 --dist worksteal

.PHONY: up test check lint types imports bench lock clean

up: $(VENV)/.up  ## set everything up and run Segue; MUSIC=<folder> connects a folder of music
	@$(BIN)/segue up $(if $(MUSIC),--music "$(MUSIC)")

test: $(VENV)/.dev  ## the quick suite
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not slow and not faults"

check: $(VENV)/.dev lint types imports  ## what CI runs: lint, types, imports, docs and every test
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not faults"
	$(BIN)/python -m pytest -q -m faults

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports

bench: $(VENV)/.dev  ## measure; MUSIC=<folder> also hears real music. See benchmarks/README.md
	$(BIN)/python benchmarks/idle_memory.py
	$(BIN)/python benchmarks/walk.py
	$(BIN)/python benchmarks/hooks.py
	PYTHONPATH=. $(BIN)/python benchmarks/index.py
	PYTHONPATH=. $(BIN)/python benchmarks/clustering.py
	PYTHONPATH=. $(BIN)/python benchmarks/analysis_accuracy.py
	$(if $(MUSIC),PYTHONPATH=. $(BIN)/python benchmarks/analysis.py "$(MUSIC)")
	$(if $(MUSIC),PYTHONPATH=. $(BIN)/python benchmarks/analysis_levels.py "$(MUSIC)")

lock: $(VENV)/.dev  ## resolve requirements/*.lock anew
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra embedded --extra cpu --extra build -o requirements/up.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra embedded --extra cpu --extra build --extra dev -c requirements/up.lock -o requirements/dev.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra embedded --extra gpu --extra build -o requirements/gpu.lock
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet

clean:  ## remove the virtual environment and caches; never a data folder
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.up: requirements/up.lock pyproject.toml
$(VENV)/.dev: requirements/dev.lock pyproject.toml
$(VENV)/.up $(VENV)/.dev:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Segue needs Python 3.11 or newer; this is %d.%d. Name another one: make PYTHON=python3.12" % sys.version_info[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
