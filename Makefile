# todoke: everything a newcomer needs, by name. Each target sets up what it needs first.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-load fuzz lint format messages lock clean

PORT ?= 8000
HOST ?= 127.0.0.1
COUNT ?= 1000000
RUNS ?= 3

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Set up .venv with the locked dependencies
	@sh tools/setup.sh

demo: setup ## Run the whole system with sample data (PORT=8000, HOST=127.0.0.1); Ctrl-C stops it
	@exec .venv/bin/todoke demo --port $(PORT) --host $(HOST)

test: setup ## Run checks and tests, ten minutes at most; with CI=true the full matrices
	@exec .venv/bin/python tools/run_tests.py

test-all: setup ## The same as CI=true make test: everything, 45 minutes at most
	@CI=true .venv/bin/python tools/run_tests.py

test-load: setup ## Load at the capacity edge, then rounds of kills with 2,000 people each (RUNS=3)
	@.venv/bin/pytest -q -n 0 tests/load
	@exec .venv/bin/python -m tests.load.crash --seeds 1-$(RUNS)

fuzz: setup ## A million mutated commands and a million mutated responses (COUNT=1000000)
	@exec .venv/bin/python -m tests.fuzz.run --count $(COUNT)

lint: setup ## Run the checks without the tests
	@exec .venv/bin/python tools/run_tests.py --checks-only

format: setup ## Put code and templates into the house style
	@.venv/bin/ruff check --fix --quiet .
	@.venv/bin/ruff format .
	@.venv/bin/djlint templates --reformat --quiet || .venv/bin/djlint templates --check --quiet # it exits with 1 after a change

messages: setup ## Bring the translations in step with the words of pages and code, and list what is missing
	@.venv/bin/python tools/messages.py

lock: setup ## Bring the lock files in step with pyproject.toml (UPGRADE=1 takes the newest versions)
	@.venv/bin/python tools/locks.py update $(if $(UPGRADE),--upgrade)

clean: ## Remove what was built; the demo's data in .state stays
	@rm -rf .venv .tools build dist test-output .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
