# make app    set up, then start the app on localhost
# make test   set up, then run every test        make quick   the tests without the slow and the browser ones
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements-installed
PORT ?= 8501
PARALLEL := -n logical --maxprocesses 8 --dist loadfile

.PHONY: setup app test quick clean

setup: $(STAMP)

$(STAMP): requirements.txt requirements-no-deps.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up $(VENV) (a few minutes, once)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-no-deps.txt
	@touch $@

app: setup
	$(BIN)/streamlit run app/main.py --server.port $(PORT)

test: setup
	$(BIN)/python -m pytest $(PARALLEL)

quick: setup
	$(BIN)/python -m pytest -m "not slow and not browser" $(PARALLEL)

clean:
	rm -rf $(VENV)
