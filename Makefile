# Socle. `make` alone prints this page; every target installs what it is missing.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# One environment; without it, all of them.
ENV ?=

INSTALLED := node_modules/.package-lock.json
SYNTH := node tools/start.mjs main.ts
TOOL := node --import tsx

$(INSTALLED): package.json package-lock.json
	@# Not `npm ci`: it wants every platform's binaries in the lock file, which a registry that has only some cannot give.
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: help
help: ## Print this page
	@printf 'Usage: make <target> [ENV=<environment>]\n\n'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-14s %s\n", $$1, $$2 }'
	@printf '\nEnvironments: %s\n' "$(patsubst environments/%/index.ts,%,$(wildcard environments/*/index.ts))"

.PHONY: install
install: $(INSTALLED) ## Install the npm packages (done by every other target when needed)

.PHONY: synth
synth: $(INSTALLED) ## Write cdktf.out/ (TRACE=1: keep cdktf's stack traces of tokens)
	@$(SYNTH) $(if $(ENV),--env $(ENV)) $(if $(TRACE),--trace)

.PHONY: test
test: $(INSTALLED) ## Types, lint, unit tests, and every layer through real Terraform, offline
	npx --no-install tsc --noEmit
	npx --no-install eslint .
	npx --no-install prettier --check --log-level warn .
	npx --no-install jest

.PHONY: coverage
coverage: $(INSTALLED) ## The unit tests with their coverage, in coverage/
	npx --no-install jest --coverage

.PHONY: validate
validate: $(INSTALLED) ## terraform init and validate of every layer, offline
	@$(TOOL) tools/offline/cli.ts validate $(ENV)

.PHONY: plan-offline
plan-offline: $(INSTALLED) ## terraform plan and apply of every layer in order, offline, in throw-away copies
	@$(TOOL) tools/offline/cli.ts plan $(ENV)

.PHONY: capacity
capacity: $(INSTALLED) ## What the pods of each cluster request, against what its nodes have
	@$(TOOL) tools/capacity/cli.ts $(ENV)

.PHONY: schemas
schemas: $(INSTALLED) ## Trim schemas/ to what is used (SCHEMAS_FROM=<folder of *.json.gz>; default: the real providers)
	@$(TOOL) tools/offline/trim-schemas.ts

.PHONY: bindings
bindings: $(INSTALLED) ## Regenerate providers/ from provider schemas (SCHEMAS_FROM=<folder of *.json.gz>)
	@$(TOOL) tools/bindings/cli.ts

.PHONY: dr-drill
dr-drill: $(INSTALLED) ## Lose a local PostgreSQL and restore it to a point in time: measured RTO and RPO
	@$(TOOL) tools/dr-drill/cli.ts

.PHONY: bench
bench: $(INSTALLED) ## Time and memory of synth against the vanilla way; broken configurations that validate catches
	@$(TOOL) tools/bench/bench.ts

.PHONY: lab-doctor
lab-doctor: $(INSTALLED) ## Look at this machine: what is in the lab's way, and how to mend it (GPU=1, BUDGET=<GiB>, JSON=1)
	@$(TOOL) tools/lab/cli.ts doctor $(if $(filter 1,$(GPU)),--gpu) $(if $(BUDGET),--budget $(BUDGET)) $(if $(filter 1,$(JSON)),--json)

.PHONY: format
format: $(INSTALLED) ## Format the sources
	npx --no-install prettier --write --log-level warn .

.PHONY: clean
clean: ## Remove what was installed and built; cdktf.out/ and any state stay
	rm -rf node_modules coverage
