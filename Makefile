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

.PHONY: lab-deps
lab-deps: $(INSTALLED) ## Install on Ubuntu what lab-doctor misses (GPU=1, BIN=<folder>, DRY_RUN=1)
	@$(TOOL) tools/lab/cli.ts deps $(if $(filter 1,$(GPU)),--gpu) $(if $(BIN),--bin $(BIN)) $(if $(filter 1,$(DRY_RUN)),--dry-run)

# What is not said is as it was the last time; EXTRA=none and GPU=0 take back what was said.
LAB_UP = $(TOOL) tools/lab/cli.ts up $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(EXTRA),--extra $(EXTRA)) \
  $(if $(GPU),$(if $(filter 1,$(GPU)),--gpu,--no-gpu)) $(if $(filter 0,$(DOCTOR)),--no-doctor)

.PHONY: lab-up
lab-up: $(INSTALLED) ## Start the lab, or go on with it (SCENARIO=<name>, EXTRA=<a,b>, GPU=1, DOCTOR=0)
	@$(LAB_UP)

.PHONY: lab-refresh
lab-refresh: $(INSTALLED) ## Bring the lab to the present code, with the choice of the last lab-up
	@$(SYNTH) --env lab
	@$(LAB_UP)

.PHONY: lab-down
lab-down: $(INSTALLED) ## Remove the lab's containers; its data stays (PURGE=1: it does not; FORCE=1: without a question)
	@$(TOOL) tools/lab/cli.ts down $(if $(filter 1,$(PURGE)),--purge) $(if $(filter 1,$(FORCE)),--force)

.PHONY: lab-status
lab-status: $(INSTALLED) ## Layers, containers, Applications and addresses of the lab (JSON=1)
	@$(TOOL) tools/lab/cli.ts status $(if $(filter 1,$(JSON)),--json)

.PHONY: lab-publish
lab-publish: $(INSTALLED) ## Push cdktf.out/gitops/ to the lab's GitLab (GITLAB_TOKEN, or the one that lab-up made)
	@$(TOOL) tools/lab/cli.ts publish

.PHONY: lab-images
lab-images: $(INSTALLED) ## Build images/ and push what the lab's registry does not have (IMAGES="<a> <b>")
	@$(TOOL) tools/lab/cli.ts images $(IMAGES)

.PHONY: lab-budget
lab-budget: $(INSTALLED) ## What each scenario asks of the workstation (MARKDOWN=1: into the lab's page)
	@$(TOOL) tools/lab/cli.ts budget $(if $(filter 1,$(MARKDOWN)),--write docs/environments/lab.md)

.PHONY: lab-smoke
lab-smoke: $(INSTALLED) ## Prove a scenario end to end on the running lab (SCENARIO=<name>)
	@$(TOOL) tools/lab/cli.ts smoke $(if $(SCENARIO),--scenario $(SCENARIO))

.PHONY: format
format: $(INSTALLED) ## Format the sources
	npx --no-install prettier --write --log-level warn .

.PHONY: clean
clean: ## Remove what was installed and built; cdktf.out/ and any state stay
	rm -rf node_modules coverage
