# Everything a newcomer needs; only Python (3.11 or newer) and make are assumed.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN = $(VENV)/bin
PG_READY = command -v pg_ctl >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1

.PHONY: help demo lab test lint test-versions bench clean postgresql
help:  ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/.base: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; say which with make PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@
$(VENV)/.demo: $(VENV)/.base
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -e . --group demo
	@touch $@
$(VENV)/.test: $(VENV)/.base
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -e . --group test --group lint
	@touch $@
$(VENV)/.lab: $(VENV)/.demo
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -e '.[lab]'
	@touch $@

demo: $(VENV)/.demo  ## Execute the quickstart notebook and show its runs
	$(BIN)/python examples/demo.py

lab: $(VENV)/.lab  ## Open the quickstart in JupyterLab
	$(BIN)/jupyter lab examples/quickstart.ipynb

lint: $(VENV)/.test  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

postgresql:
	@$(PG_READY) || { command -v apt-get >/dev/null && apt-get install -y -q postgresql >/dev/null; } || { apt-get update -q >/dev/null && apt-get install -y -q postgresql >/dev/null; }

test: lint postgresql  ## Lint, then every test
	$(BIN)/python -m pytest

test-versions:  ## The tests without database, on every supported Python found
	@for v in 3.11 3.12 3.13; do \
	  p=$$(command -v python$$v || ls $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$v.*/bin/python 2>/dev/null | tail -n 1); \
	  if [ -z "$$p" ]; then echo "Python $$v: not found"; continue; fi; \
	  echo "Python $$v"; $(MAKE) --no-print-directory VENV=.venv-$$v PYTHON=$$p .venv-$$v/.test && .venv-$$v/bin/python -m pytest -q -m "not postgresql" || exit 1; \
	done

bench: $(VENV)/.test  ## Measure beside the peers
	$(BIN)/python tests/benchmarks/run.py

clean:  ## Remove what was made
	rm -rf .venv .venv-3.* .demo .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis
