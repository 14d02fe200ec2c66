# What people and CI run. `make help` lists it.

PYTHON ?= python3
BIN := .venv/bin
REQUIREMENTS := requirements.txt components/pyproject.toml sandbox/requirements.txt demo/requirements.txt tests/requirements.txt

.DEFAULT_GOAL := help
.PHONY: help setup engine demo demo-down matrix diagram inventories lint quick test coverage clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: .venv/.complete ## make .venv with everything the project needs

.venv/.complete: $(REQUIREMENTS)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; $(PYTHON) is older. Name another: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r sandbox/requirements.txt -r demo/requirements.txt -r tests/requirements.txt
	@touch $@

engine: ## find the Pulumi CLI on PATH, or build it once (4 to 8 minutes)
	@$(PYTHON) -m engine >/dev/null

demo: setup engine ## deploy the dynamic-pricing model into the sandbox; CLOUD=aws, azure or gcp
	@$(BIN)/python -m demo up $(if $(CLOUD),--cloud $(CLOUD))

demo-down: setup engine ## destroy what `make demo` made
	@$(BIN)/python -m demo down

matrix: setup engine ## preview every stack on every cloud, with policies, in the sandbox; ENVIRONMENT=dev or prod (default)
	@$(BIN)/python -m demo.matrix $(if $(ENVIRONMENT),--environment $(ENVIRONMENT))

diagram: setup engine ## draw the resources of STACK=dynamic-pricing.demo to docs/diagrams, by a preview in the sandbox
	@$(BIN)/python -m demo.diagram $(STACK)

inventories: setup engine ## write what every stack consists of to stacks/inventories/, after a change that is meant
	@$(BIN)/python -m demo.matrix --write-inventories

lint: setup ## ruff and pyright
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

quick: setup ## the tests that need no engine, in under 2 minutes
	$(BIN)/python -m pytest -q -n 2 -m "not engine"

test: setup engine lint ## everything
	$(BIN)/python -m pytest -q -n 2 --durations 30 --durations-min 20

coverage: setup ## how much of what the components register is held against the vendors' models
	$(BIN)/python -m sandbox coverage

clean: ## remove .venv, the demo's state and caches of tools (not the engine in ~/.cache/modeldeploy)
	rm -rf .venv .demo .pytest_cache .ruff_cache .hypothesis
