# One Window 一窗通. `make help` lists what there is.

PYTHON ?= python3
PORT ?= 8000
SEED ?= 1
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/runtime.stamp ## Install what it takes to run (into .venv)

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml
	@PYTHON=$(PYTHON) deploy/local/venv.sh $(VENV) requirements/runtime.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml
	@PYTHON=$(PYTHON) deploy/local/venv.sh $(VENV) requirements/dev.txt
	@touch $@ $(VENV)/runtime.stamp

.PHONY: demo
demo: setup ## Watch two packages go through every department, in this terminal
	@$(BIN)/python -m demo

.PHONY: run
run: setup ## Run the platform in one process on http://127.0.0.1:8000 (PORT= to change; SEED=0: start empty)
	@[ "$(SEED)" = 0 ] || [ -e var/run ] || $(BIN)/onewindow seed --desk 40 || echo "the city starts without cases"
	@$(BIN)/python -m demo.province --beside $(BIN)/onewindow run --port $(PORT)

.PHONY: seed
seed: setup ## Fill a new var/run with more of the sample city's cases; URL= fills what runs at that address
	@$(BIN)/onewindow seed $(if $(URL),--url $(URL))

.PHONY: stack
stack: setup ## The same on RabbitMQ and PostgreSQL, one process per service and role
	@$(BIN)/python -m demo.province --beside $(BIN)/python -m deploy.local up --port $(PORT)

.PHONY: stack-stop
stack-stop: ## End what `make stack` started
	@$(BIN)/python -m deploy.local down

.PHONY: test
test: $(VENV)/dev.stamp ## Every test, on real RabbitMQ and PostgreSQL and in a real browser
	@$(BIN)/python -m deploy.local.machine --for-tests
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

.PHONY: test-unit
test-unit: $(VENV)/dev.stamp ## The quick tests: no server, no browser
	@$(BIN)/python -m pytest tests/unit tests/contract tests/arch

.PHONY: faults
faults: $(VENV)/dev.stamp ## The fault tests at full length: a database away for a minute, identity for ten, 50 kills
	@$(BIN)/python -m deploy.local.machine --for-tests
	@ONEWINDOW_OUTAGE_S=60 ONEWINDOW_KILLS=50 ONEWINDOW_ORDERS=10 ONEWINDOW_AWAY_S=600 \
	  $(BIN)/python -m pytest tests/faults --timeout=900 -o faulthandler_timeout=890

.PHONY: lint
lint: $(VENV)/dev.stamp ## Style, types, who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: format
format: $(VENV)/dev.stamp ## Put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: asyncapi
asyncapi: setup ## Write docs/asyncapi.yaml and the snapshots of every event
	@$(BIN)/python -m deploy.documents asyncapi

.PHONY: openapi
openapi: setup ## Write docs/openapi/<service>.json
	@$(BIN)/onewindow openapi docs/openapi

.PHONY: lock
lock: $(VENV)/dev.stamp ## Renew requirements/*.txt from requirements/*.in
	@cd requirements && for name in runtime dev; do \
	  ../$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q \
	    $$name.in -o $$name.txt; done

.PHONY: bench
bench: $(VENV)/dev.stamp ## Measure the distributed platform; one JSON line a run
	@$(BIN)/python -m deploy.local.machine --for-tests
	@$(BIN)/python -m bench

.PHONY: screens
screens: $(VENV)/dev.stamp ## A picture of every page in every size, elderly and printed, in var/screens/
	@$(BIN)/python -m deploy.local.machine --for-tests
	@$(BIN)/python docs/make_screens.py

.PHONY: bench-search
bench-search: $(VENV)/dev.stamp ## Load, search and show 100,000 items in both databases
	@$(BIN)/python -m bench.search

.PHONY: clean
clean: ## Remove what was installed and written (.venv, var, caches)
	rm -rf $(VENV) var node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +
