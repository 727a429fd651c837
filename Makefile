# make run: serve the sample data · make test: everything · make bench: the promises of speed
PYTHON ?= python3
BIN := .venv/bin
SPANS ?= 1000000

.PHONY: run test lint types check bench lock chromium clean

run: .venv/.run
	$(BIN)/tailrace serve

test: .venv/.test chromium lint types check

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.test
	$(BIN)/mypy

check: .venv/.test
	$(BIN)/pytest -n 3 --dist worksteal

bench: .venv/.test chromium
	$(BIN)/python -m tests.bench.bench --spans $(SPANS)

.venv/.run: pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tailrace needs Python 3.11 or newer; say make PYTHON=python3.12 for another one."; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python cannot make a virtual environment. On Debian: sudo apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint .ci/constraints.txt --editable .
	@touch $@

.venv/.test: .venv/.run
	$(BIN)/python -m pip install --quiet --constraint .ci/constraints.txt --group test
	@touch $@

# Browser tests drive Debian's Chromium; without it and without the right to install it they are skipped, by name.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	{ echo "Installing Chromium for the browser tests"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
	  || echo "No Chromium: the browser tests will be skipped."; }

# Pin what is installed now, for a repeatable set-up.
lock: .venv/.test
	$(BIN)/python -m pip freeze --exclude-editable | sort > .ci/constraints.txt

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
