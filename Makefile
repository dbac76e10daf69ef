# Thin on purpose: every target calls a Python module; the logic and the messages are in deployment/.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup deploy test synth gate plan status destroy drill unit rehearsal integration soak preview comment \
	check format generate lock bootstrap mutants bench clean

TARGET ?= embedded
SYNTH ?=
BASE ?=
STAGE ?=
ONLY ?=
SCENARIO ?=
export TARGET
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

# The first Python that runs and is new enough; PYTHON=... overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
RUN := .venv/bin/python -m

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "  TARGET=embedded (default) is an AWS on this machine; TARGET=aws is your account (docs/deploying.md)."

setup: ## Install .venv from the lock (every other target does it by itself)
	@test -n "$(PYTHON)" || { echo "setup: Python 3.11 or newer is needed and was not found on PATH." >&2; exit 2; }
	@$(PYTHON) -m deployment.install

deploy: setup ## Synthesize, judge, apply all stacks, send one payment through them (STAGE=standby: that region alone)
	@$(RUN) deployment deploy $(if $(STAGE),--stage "$(STAGE)")

test: setup ## Run everything that CI runs: checks, unit tests, deploy, integration tests, destroy
	@$(RUN) deployment test

synth: setup ## Write the Terraform of all stacks to cdktf.out
	@$(RUN) deployment synth

gate: setup ## Judge the synthesized stacks (SYNTH=dir: an existing synth output)
	@$(RUN) deployment gate $(if $(SYNTH),--synth "$(SYNTH)")

plan: setup ## Show what a deploy would change (LOST=region: while that region does not answer)
	@$(RUN) deployment plan $(if $(LOST),--lost "$(LOST)")

destroy: setup ## Remove everything that deploy made, and stop the embedded AWS
	@$(RUN) deployment destroy

drill: setup ## Lose a region under load and measure the recovery (SCENARIO=name, see docs/runbooks/drill.md)
	@$(RUN) drill $(if $(SCENARIO),--scenario "$(SCENARIO)")

status: setup ## Say which region is active, and how to promote the other one
	@$(RUN) deployment status

unit: setup ## Run unit and property tests
	@$(RUN) deployment unit

rehearsal: setup ## Deploy, integration tests, a drill, destroy, and so with other settings (ONLY=defaults, failover or alternative)
	@TARGET=embedded $(RUN) deployment rehearsal $(if $(ONLY),--only "$(ONLY)")

integration: setup ## Run integration tests on what is deployed
	@$(RUN) deployment integration

soak: setup ## Campaigns for long (SOAK_EXAMPLES, SOAK_STEPS) and every drill: a deployment of its own, on the embedded AWS
	@TARGET=embedded $(RUN) deployment soak

preview: setup ## Show what merging this checkout would change (BASE=commit, default origin/main)
	@$(RUN) deployment preview $(if $(BASE),--base "$(BASE)")

comment: setup ## Write what a pull request is told of gate and preview to .tap/comment.md
	@$(RUN) deployment comment

check: setup ## Format, lint, types, imports, workflows
	@$(RUN) deployment check

format: setup ## Format the code and fix what can be fixed
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

generate: setup ## Renew what is written from the policies: .checkov.yaml, docs/policies.md
	@$(RUN) policies.configuration
	@$(RUN) policies.reports.catalogue

lock: setup ## Renew Pipfile.lock (needs pipenv)
	@$(RUN) deployment.lock

bootstrap: setup ## Create the account's singletons (state bucket, logging role); deploy says when it is needed
	@$(RUN) deployment bootstrap

mutants: setup ## Edit the synthesized stacks in every way that the rules must catch (minutes)
	@$(RUN) deployment synth
	@$(RUN) policies.mutants

bench: setup ## Measure the synth with and without the fast loader, what judging costs, and what the webhook's safety costs
	@$(RUN) bench
	@$(RUN) bench.policies
	@$(RUN) bench.webhook

clean: ## Delete what was generated; refuses while something is deployed
	@$(PYTHON) -m deployment.clean
