# Every command of the project. `make run` is the one to try first; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR)/layers/scrip/python:$(CURDIR)
# Tests and the local cloud start hundreds of processes: each would compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=
# Trust what the machine trusts: behind a proxy that is more than the roots uv brings along.
export UV_SYSTEM_CERTS ?= true
export PATH := $(CURDIR)/$(BIN):$(PATH)

PYTHON_SOURCES := $(wildcard layers/scrip/python/scrip functions infra tests)
TEMPLATES := template.yaml infra/tables.yaml infra/keys.yaml infra/queues.yaml infra/uploads.yaml infra/observability.yaml
DEV_STAMP := $(VENV)/.synced
SAM_STAMP := .venv-sam/.synced

# For `make deploy`: the stack's name, what to build for, and template parameters ("Name=value Name=value").
STACK ?= scrip
ARCHITECTURE ?= arm64
PARAMETERS ?=

# For `make test`: of crash points, runs by seed, generated requests and a rush's buyers, one of so many (`make thorough`: all).
TEST_SHARE ?= 4
# A test that waits for the local cloud leaves its core to another.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# For `make demo`: by which provider it is paid, and what is bought (code|top_up).
GATEWAY ?= stripe
GOODS ?= code

.PHONY: help setup setup-sam run buy demo reset lint check test thorough crash bench conformance openapi build deploy prove-deploy lock clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# --- environments -----------------------------------------------------------------------------------------------------

setup: $(DEV_STAMP)  ## create .venv from the pinned, hashed lists (does nothing when they did not change)

$(DEV_STAMP): requirements/uv.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Scrip needs Python 3.11 or newer (set PYTHON=...)")'
	@echo "setup: creating $(VENV) from requirements/dev.txt (about half a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup-sam: $(SAM_STAMP)  ## create .venv-sam, the SAM CLI's own environment

$(SAM_STAMP): requirements/sam.txt | $(DEV_STAMP)
	@echo "setup: creating .venv-sam from requirements/sam.txt"
	@test -x .venv-sam/bin/python || $(PYTHON) -m venv --without-pip .venv-sam
	@VIRTUAL_ENV=$(CURDIR)/.venv-sam $(BIN)/uv pip sync --quiet --require-hashes requirements/sam.txt
	@touch $@

lock:  ## resolve the pinned lists anew (dev first: ministack pins botocore, and run time follows)
	@for name in uv dev sam; do \
	  uv pip compile $(LOCK_FLAGS) requirements/$$name.in -o requirements/$$name.txt; done
	@uv pip compile $(LOCK_FLAGS) layers/dependencies/requirements.in -c requirements/dev.txt \
	  -o layers/dependencies/requirements.txt
	@uv pip compile $(LOCK_FLAGS) layers/spreadsheets/requirements.in -c requirements/dev.txt \
	  -o layers/spreadsheets/requirements.txt
LOCK_FLAGS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# --- a shop on this machine -------------------------------------------------------------------------------------------

run: setup  ## start the local cloud, deploy, seed a shop, buy one code, stay up (Ctrl-C stops it; data survives)
	@exec python -m infra.local.run

buy: setup  ## another purchase at the shop that `make run` keeps up
	@python -m infra.local.buy

demo: setup  ## what `make run` does, without staying up (GATEWAY=alipay|paypal|standard|stripe|wechat, GOODS=top_up)
	@python -m infra.local.demo --gateway '$(GATEWAY)' --goods '$(GOODS)'

reset:  ## forget the local cloud's data
	@rm -rf .local
	@echo "reset: .local is gone"

# --- checks -----------------------------------------------------------------------------------------------------------

lint: setup
	@ruff format --check --quiet $(PYTHON_SOURCES) || { echo "run: ruff format"; exit 1; }
	@ruff check --quiet $(PYTHON_SOURCES)
	@mypy
	@cfn-lint $(TEMPLATES)

check: lint  ## format, lint, types, templates, architecture
	@pytest -q tests/test_architecture.py

test: lint  ## everything CI runs, on all cores
	@TEST_SHARE=$(TEST_SHARE) pytest -n $(WORKERS) --dist loadgroup

thorough: lint  ## `make test` with every crash point, more generated requests and a whole rush (half an hour)
	@pytest -n $(WORKERS) --dist loadgroup

crash: setup  ## break every flow at all of its remote calls in all ways; `make test` takes every fourth of these points
	@pytest -n $(WORKERS) --dist worksteal tests/crash

bench: setup setup-sam  ## measure; writes build/bench.json and prints it
	@python -m tests.bench

conformance: setup  ## 2000 runs by seed at each simulated supplier; writes build/conformance.json
	@python -m tests.suppliers.conform

openapi: setup  ## write docs/openapi.json from the contracts
	@python -m infra.openapi

# --- a real account ---------------------------------------------------------------------------------------------------

build: setup setup-sam  ## sam build: what `make deploy` uploads (needs a python3.13)
	@SCRIP_TARGET=$(ARCHITECTURE) .venv-sam/bin/sam build --parameter-overrides Architecture=$(ARCHITECTURE)

deploy: build  ## deploy to the AWS account of the current credentials; see docs/deploy.md
	@.venv-sam/bin/sam deploy --stack-name $(STACK) --resolve-s3 --no-confirm-changeset \
	  --no-fail-on-empty-changeset --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND \
	  --parameter-overrides Architecture=$(ARCHITECTURE) $(PARAMETERS)

prove-deploy: setup setup-sam  ## the same sam build and sam deploy, against a throw-away local cloud
	@python -m infra.local.prove

clean:  ## remove what was built (not the data, not the environments)
	@rm -rf build .aws-sam
