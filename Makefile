# Everything that a fresh machine with Python 3.11-3.13 and make needs. Targets do their own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PYTHONPATH := containers

.PHONY: demo test lint style types unit local bench load large browser explore survival clean setup

demo: setup ## the main job, end to end, with 100,000 customers
	$(BIN)/engage demo

# The types are checked beside the tests, which often wait, and told after them. The templates are linted by a test.
test: setup style ## everything that CI runs
	@told=$$(mktemp) && { $(MAKE) --no-print-directory types >"$$told" 2>&1 & } && \
	types=$$! && trap 'kill $$types; rm -f "$$told"; exit 130' INT TERM; \
	$(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder -m "not slow and not aws"; tests=$$?; \
	wait $$types; typed=$$?; cat "$$told"; rm -f "$$told"; \
	exit $$(( tests ? tests : typed ))

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Python 3.11 to 3.13 is needed; name one with: make PYTHON=python3.12 ..."; exit 2; }
	@# Debian ships Python without the part of venv that installs pip.
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
		apt-get install -y -qq python3-venv >/dev/null; } || \
		{ echo "Python's venv module is incomplete; run: sudo apt-get install python3-venv"; exit 2; }
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

lint: setup style types ## format, lint, types, templates
	$(BIN)/cfn-lint -t infra/cloudformation/*.yaml -r us-east-1 -c I

style: setup ## format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup ## types
	$(BIN)/mypy

unit: setup ## the quick tests
	$(BIN)/pytest -m "not local and not slow and not aws" -n 2

local: setup ## whole-path tests against the embedded endpoint
	$(BIN)/pytest -m local

bench: setup ## the pipeline beside its floor, at 100,000 customers
	$(BIN)/python -m tests.perf.bench

load: setup ## 32 clients at one endpoint for a minute, without a failed call
	$(BIN)/python -m tests.perf.load

browser: setup ## look at the report in headless Chromium
	$(BIN)/pytest -m slow tests/browser

explore: setup ## the property tests with new examples; what they find becomes a test
	HYPOTHESIS_PROFILE=explore $(BIN)/pytest -n 2 -m "hypothesis and not slow and not aws"

survival: setup ## kill the endpoint fifty times while it is written to
	$(BIN)/pytest -m slow tests/local/test_state_survives.py -s

lock: setup ## resolve the dependencies again
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
		--no-header --no-annotate pyproject.toml -o requirements.lock

clean: ## remove what make made here (not the local state: engage local reset)
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
