# make app     set up, then start the app on localhost
# make test    set up, then run every test        make quick   the tests without the slow and the browser ones
# make check   set up, then look for faults without running anything: style, types, layers of imports
# make docs    set up, then build the documentation site into site/
# make setup   only set up: the program itself, editable, with what `make app` and `make test` need
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
PARALLEL := -n logical --maxprocesses 8 --dist loadfile

.PHONY: setup app test quick check docs clean
.NOTPARALLEL:

setup: $(VENV)/.installed-test

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

# What each goal needs is installed when it is first asked for, and again when the lists have changed.
$(VENV)/.installed-app: GROUPS := app,lm,render
$(VENV)/.installed-docs: GROUPS := app,lm,docs
$(VENV)/.installed-test: GROUPS := app,lm,docs,cluster,render,test
$(VENV)/.installed-check: GROUPS := app,lm,cluster,render,check
$(VENV)/.installed-%: pyproject.toml requirements-no-deps.txt | $(BIN)/python
	@echo "Setting up $(VENV) for: $(GROUPS) (a few minutes, once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[$(GROUPS)]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-no-deps.txt
	@touch $@

app: $(VENV)/.installed-app
	$(BIN)/streamlit run app/main.py --server.port $(PORT)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(PARALLEL)

quick: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m "not slow and not browser" $(PARALLEL)

check: $(VENV)/.installed-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

# The variable silences an announcement of the theme, which strict builds would print at every run.
docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

clean:
	rm -rf $(VENV)
