# make help | demo | test | check | coverage | fuzz | mutation | audit | sbom | peers | livekit | page | lock. Each does
# its own set-up; see scripts/.
.DEFAULT_GOAL := help
.PHONY: help demo test check coverage fuzz mutation audit sbom peers livekit page lock wheel

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf 'make %-8s %s\n' "$$name" "$$text"; done

demo: ## a whole spoken interview with a simulated candidate: no key, no microphone, no network
	@scripts/setup.sh demo
	@.venv/bin/voiceprep demo $(DEMO_ARGS)

test: ## everything: lint, types, import contracts, all tests on a virtual sound card
	@scripts/setup.sh test
	@scripts/test.sh

check: ## lint, types and import contracts only
	@scripts/setup.sh test
	@scripts/test.sh check

coverage: ## how much of the package the tests run, lines and branches (TESTS=… for some of them)
	@scripts/setup.sh test
	@scripts/coverage.sh $(TESTS)

fuzz: ## a million wrong banks, files and messages, then atheris (FUZZ="--inputs 20000 --minutes 1" for less)
	@scripts/setup.sh test
	@.venv/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes -r requirements-fuzz.lock
	@nice .venv/bin/python -m benchmarks.fuzz $(or $(FUZZ),--minutes 10)

mutation: ## which changes of interview.py, endpointing.py and scoring/offline.py no test notices (MUTATION="--sample 40")
	@scripts/setup.sh test
	@nice .venv/bin/python -m benchmarks.mutation $(MUTATION)

audit: ## is anything known against the locked packages that audit.toml has no answer to?
	@scripts/setup.sh test
	@scripts/supply.sh audit

sbom: ## dist/sbom.json: what a session runs, with hashes (CycloneDX)
	@scripts/setup.sh test
	@scripts/supply.sh sbom

peers: ## hold the loopback servers honest: LiveKit, Pipecat and openai-agents talk to them (1.5 GB, once)
	@scripts/setup.sh test
	@.venv/bin/pytest -m peers

livekit: ## the LiveKit server for rooms on this machine; builds it from its Go module when there is none
	@scripts/livekit.sh run

page: ## the page for candidates and observers in rooms, built with Node.js into the package
	@scripts/page.sh

lock: ## write requirements*.lock anew (LOCK_UPGRADE=1 also moves to newer versions)
	@scripts/setup.sh test
	@scripts/lock.sh

wheel: ## dist/*.whl
	@scripts/setup.sh demo
	@scripts/page.sh
	@rm -rf dist
	@.venv/bin/python -m pip --disable-pip-version-check --quiet wheel --no-build-isolation --no-deps --wheel-dir dist .
	@ls dist
