# padfleet: `make help` lists the targets.

PYTHON ?= python3

# Everything is relative to this file, so `make -C padfleet test` and `make -f …/Makefile` do the same.
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
VENV := $(ROOT)/.venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NODE_DIR := $(ROOT)/tests/acceptance/node
NODE_PACKAGE := $(wildcard $(NODE_DIR)/package.json)
NODE_STAMP := $(if $(NODE_PACKAGE),$(NODE_DIR)/node_modules/.installed)
BROWSER_DIR := $(ROOT)/tests/browser/node
BROWSER_STAMP := $(BROWSER_DIR)/node_modules/.installed
PAGE_DIR := $(ROOT)/services/web/page
PAGE_MODULES := $(PAGE_DIR)/node_modules/.installed
PAGE_BUILT := $(PAGE_DIR)/built/manifest.json
PLUGIN_DIR := $(ROOT)/clients/etherpad-plugin
BENCH_NODE_DIR := $(ROOT)/tests/benchmarks/node
BENCH_NODE_STAMP := $(BENCH_NODE_DIR)/node_modules/.installed
BENCH ?= everyday hotpath deliveries wire commits memory connects crowd stall latency scaling costs cold

AT_ONCE ?= 6
# Compiled modules are kept, whatever the shell says: without them, every process of the tests
# compiles all of the code again, and every worker of pytest rewrites the assertions of five hundred
# files.
export PYTHONDONTWRITEBYTECODE :=
# The exit status of pytest if ARGS select no test.
NONE_FOUND := 5
# This decides what happens after failures.
AGAIN := $(if $(CI),'$(BIN)/python' -m tests.again,false)

SOURCES := src shared services tests deploy
UV_VERSION := 0.9

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup up test checks lint types page unit thorough image sbom browsers chaos fuzz properties attack bench costs simulate simulate-faults compare reference pictures format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' '$(ROOT)/Makefile'

setup: $(STAMP) $(NODE_STAMP) $(PAGE_BUILT) $(BROWSER_STAMP) ## install everything into .venv; quick when nothing has changed

up: setup ## run a whole fleet on this machine
	@cd '$(ROOT)' && exec '$(BIN)/padfleet' up

# They run side by side: tests wait for something most of the time, and leave the processors to the
# rest. What is set up comes from the network, each part from elsewhere.
test: ## all that has to pass: lint, types, tests
	@$(MAKE) --no-print-directory -f '$(ROOT)/Makefile' -j 4 setup
	@$(MAKE) --no-print-directory -f '$(ROOT)/Makefile' -j 2 checks unit

checks: lint types page

lint: setup ## check the style
	cd '$(ROOT)' && '$(BIN)/ruff' check $(SOURCES)
	cd '$(ROOT)' && '$(BIN)/ruff' format --check $(SOURCES)

types: setup ## check the types
	cd '$(ROOT)' && '$(BIN)/mypy'

page: setup ## check style and types of the page and of Etherpad's plugin, and run their tests
	@if test -e '$(PAGE_MODULES)'; then \
		cd '$(PAGE_DIR)' && npm run --silent style && npm run --silent types && npm run --silent test && \
		cd '$(PLUGIN_DIR)' && npm test --silent; \
	else \
		echo "make: no node and npm: the page is left out"; \
	fi

# Most tests wait for something most of the time, so more of them run at once than there are cores:
# with four processes, a quarter of two cores was idle. They are distributed by file, since the
# tests of many files share a fleet, and files that take long come first (tests/tiers.py). What gets
# nothing while others take the machine comes last and alone. In CI, the few that fail are run once
# more, alone: see tests/again.py. In a fresh clone, one process compiles the tests first;
# otherwise, each process would do so. In CI, the dear files are listed at the end, with a warning
# if all of them together are over the budget.
unit: setup ## run the tests; make unit ARGS='-n 0 -k settings' for some of them, one by one
	@cd '$(ROOT)' && { test -e tests/unit/__pycache__ || '$(BIN)/python' -m pytest -n 0 -q --collect-only; } >/dev/null || true
	cd '$(ROOT)' && '$(BIN)/python' -m pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder \
		-m 'not chaos and not browsers and not thorough and not alone' $(if $(CI),-p tests.dear) $(ARGS) || test $$? = $(NONE_FOUND) || $(AGAIN)
	cd '$(ROOT)' && '$(BIN)/python' -m pytest -n 0 -m alone $(ARGS) || test $$? = $(NONE_FOUND) || $(AGAIN)

thorough: setup ## the variants that make test leaves out; takes five minutes
	cd '$(ROOT)' && '$(BIN)/python' -m pytest -n $(AT_ONCE) --dist loadfile --no-loadscope-reorder -m thorough $(ARGS)

image: ## build the image, with Docker
	cd '$(ROOT)' && docker build -f deploy/image/Dockerfile -t padfleet .

sbom: ## list what is in the image, as CycloneDX, into build/padfleet.cdx.json
	mkdir -p '$(ROOT)/build'
	cd '$(ROOT)' && docker run --rm --entrypoint python3 -v '$(ROOT)/deploy/image/sbom.py:/sbom.py:ro' padfleet /sbom.py > build/padfleet.cdx.json

browsers: setup ## use the page in Firefox and WebKit, too; takes five minutes
	cd '$(ROOT)' && '$(BIN)/python' -m pytest -n 0 -m '' tests/browser/test_other_browsers.py $(ARGS)

chaos: setup ## break things under load: make chaos ARGS='-k sentinel' for some of it; takes half an hour
	cd '$(ROOT)' && '$(BIN)/python' -m pytest -m chaos tests/chaos --log-cli-level=WARNING $(ARGS)
	cd '$(ROOT)' && '$(BIN)/python' -m tests.chaos.table

fuzz: setup ## a million odd inputs, and a fleet under fire: make fuzz ARGS='--seed 7' for the same again
	cd '$(ROOT)' && '$(BIN)/python' -m tests.fuzz $(ARGS)

attack: setup ## hurt a live fleet in every way; make attack ARGS='--only import' for some of them; a quarter of an hour
	cd '$(ROOT)' && '$(BIN)/python' -m tests.attack $(ARGS)

properties: setup ## the property tests with eighty times as many examples as make test tries
	cd '$(ROOT)' && HYPOTHESIS_PROFILE=thorough '$(BIN)/python' -m pytest -n $(AT_ONCE) -m hypothesis --timeout 3600 tests/unit $(ARGS)

bench: setup $(BENCH_NODE_STAMP) ## measure: make bench BENCH=deliveries ARGS=--short for one of them, and quickly
	@cd '$(ROOT)' && for name in $(BENCH); do \
		echo "make: tests/benchmarks/$$name.py, values to build/bench/$$name.json" && \
		'$(BIN)/python' -m "tests.benchmarks.$$name" --out "build/bench/$$name.json" $(ARGS) || exit 1; \
	done

costs: setup ## what `padfleet plan` reckons with, from what make bench has put into build/bench; ARGS=--keep: what BENCH=costs tells of writers and Redis, the rest as it is
	cd '$(ROOT)' && '$(BIN)/padfleet' plan --calibrate build/bench $(ARGS) --out services/tools/plan/constants.json
	cd '$(ROOT)' && '$(BIN)/python' -m tests.simulation --constants

simulate: setup ## a million sockets on a hundred workers, in simulated time; takes some minutes
	cd '$(ROOT)' && '$(BIN)/python' -m tests.simulation $(ARGS)

simulate-faults: setup ## a fleet in one process, with faults by a seed; an hour; SEED=7 plays one, SEEDS=0-99 these, MUTATIONS=all our own code taken apart
	cd '$(ROOT)' && '$(BIN)/python' -m tests.world $(if $(MUTATIONS),--mutations '$(MUTATIONS)') $(if $(SEED),--seed '$(SEED)') $(if $(SEEDS),--seeds '$(SEEDS)') $(ARGS)

compare: setup ## a small real fleet beside the simulated one; takes five minutes
	cd '$(ROOT)' && '$(BIN)/python' -m tests.simulation.check --out build/bench/compare.json $(ARGS)
	cd '$(ROOT)' && '$(BIN)/python' -m tests.simulation --check build/bench/compare.json

reference: setup ## write anew what is made of the code: references of the Python API and the TypeScript client, the Helm chart's values
	cd '$(ROOT)' && '$(BIN)/python' -m padfleet.services.dev.reference > docs/api-python.md
	cd '$(PAGE_DIR)/client' && npm run --silent prepack && node reference.mjs > '$(ROOT)/docs/client-typescript.md'
	cd '$(ROOT)' && '$(BIN)/python' -m deploy.helm.make

pictures: setup ## write the pictures in docs/page.md anew, from what tests see
	cd '$(ROOT)' && PICTURES=docs/images '$(BIN)/python' -m pytest -n 0 -q -m '' tests/browser/test_pictures.py

format: setup ## put the code into its standard form
	cd '$(ROOT)' && '$(BIN)/ruff' check --fix $(SOURCES)
	cd '$(ROOT)' && '$(BIN)/ruff' format $(SOURCES)

# uv makes one lock for all Python versions and machines, while pip-compile keeps only what the
# machine that runs it needs. Settings of the machine's pip stay out of the lock.
lock: ## renew requirements.lock from pyproject.toml; make lock ARGS=--upgrade for newer versions
	rm -rf '$(ROOT)/.venv-lock'
	'$(PYTHON)' -m venv '$(ROOT)/.venv-lock'
	'$(ROOT)/.venv-lock/bin/pip' install --quiet --disable-pip-version-check 'uv>=$(UV_VERSION)'
	cd '$(ROOT)' && .venv-lock/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 \
		--extra dev --generate-hashes --no-emit-index-url --no-header \
		$(ARGS) pyproject.toml --output-file requirements.lock
	rm -rf '$(ROOT)/.venv-lock'

clean: ## remove what make has made; data of `make up` stays
	rm -rf '$(VENV)' '$(ROOT)/.venv-lock' '$(ROOT)/build' '$(ROOT)'/*.egg-info '$(NODE_DIR)/node_modules'
	rm -rf '$(BENCH_NODE_DIR)/node_modules' '$(BROWSER_DIR)/node_modules'
	rm -rf '$(PAGE_DIR)/node_modules' '$(PAGE_DIR)/built' '$(PAGE_DIR)/built.new' '$(PAGE_DIR)/client/dist'
	rm -rf '$(ROOT)/.mypy_cache' '$(ROOT)/.ruff_cache' '$(ROOT)/.pytest_cache' '$(ROOT)/.hypothesis'
	find '$(ROOT)' -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is in .venv, so that removing .venv is enough to start afresh. An environment that was
# left incomplete, or whose Python is gone, is made again. The lock names all that is needed, so it
# need not be reckoned out again; and most of what pip would compile is never imported. pip installs
# uv, and uv the rest, for a tenth of the processor time. uv does not know how pip is configured on a
# machine: where pip may not use the public index, or uv gets nothing from it, pip does it all.
LOCKED := '$(BIN)/python' -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile

$(STAMP): $(ROOT)/requirements.lock $(ROOT)/pyproject.toml
	@command -v '$(PYTHON)' >/dev/null || { \
		echo "make: there is no $(PYTHON). Install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)," >&2; \
		echo "make: or name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: $(PYTHON) is $$('$(PYTHON)' --version 2>&1); Python 3.11 or newer is needed." >&2; \
		echo "make: Name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@'$(PYTHON)' -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "make: $(PYTHON) cannot make virtual environments (Debian: apt-get install python3-venv)." >&2; exit 1; }
	'$(PYTHON)' -m venv --clear '$(VENV)'
	@awk '/^uv==/ { on = 1; print; next } on && /^ +--hash=/ { print; next } { on = 0 }' '$(ROOT)/requirements.lock' > '$(VENV)/uv.lock'
	$(LOCKED) -r '$(VENV)/uv.lock'
	@if '$(BIN)/python' -m pip config list | grep -Eq '\.(index-url|no-index)='; then \
		$(LOCKED) -r '$(ROOT)/requirements.lock'; \
	else \
		'$(BIN)/uv' pip install --quiet --require-hashes --no-deps --python '$(BIN)/python' -r '$(ROOT)/requirements.lock' || \
			{ echo "make: uv could not do it, and pip takes its place"; $(LOCKED) -r '$(ROOT)/requirements.lock'; }; \
	fi
	'$(BIN)/python' -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable '$(ROOT)'
	@touch '$@'

# Node.js is for the tests against Etherpad's own client and engine, which are skipped without it.
ifneq ($(NODE_STAMP),)
$(NODE_STAMP): $(NODE_PACKAGE) $(wildcard $(NODE_DIR)/package-lock.json)
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		echo "npm ci in $(NODE_DIR)"; \
		cd '$(NODE_DIR)' && npm ci --no-audit --no-fund && touch '$@'; \
	else \
		echo "make: no node and npm: the tests that need them are left out"; \
	fi
endif

# The page that workers serve. Without Node.js, workers say how to build it, and still serve pads.
$(PAGE_MODULES): $(PAGE_DIR)/package-lock.json
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		echo "npm ci in $(PAGE_DIR)"; \
		cd '$(PAGE_DIR)' && npm ci --no-audit --no-fund && touch '$@'; \
	else \
		echo "make: no node and npm: the page is not built"; \
	fi

$(PAGE_BUILT): $(PAGE_MODULES) $(PAGE_DIR)/build.mjs $(shell find '$(PAGE_DIR)/client/src' '$(PAGE_DIR)/web/src' -type f)
	@if test -e '$(PAGE_MODULES)'; then cd '$(PAGE_DIR)' && node build.mjs; fi

# The library that drives a browser. The tests find out which one there is, if any.
$(BROWSER_STAMP): $(BROWSER_DIR)/package-lock.json
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		echo "npm ci in $(BROWSER_DIR)"; \
		cd '$(BROWSER_DIR)' && npm ci --no-audit --no-fund && touch '$@'; \
	else \
		echo "make: no node and npm: the tests in a browser are left out"; \
	fi

# This is only for the benchmarks, so it is not part of the set-up.
$(BENCH_NODE_STAMP): $(BENCH_NODE_DIR)/package.json $(BENCH_NODE_DIR)/package-lock.json
	@if command -v node >/dev/null && command -v npm >/dev/null; then \
		echo "npm ci in $(BENCH_NODE_DIR)"; \
		cd '$(BENCH_NODE_DIR)' && npm ci --no-audit --no-fund && touch '$@'; \
	else \
		echo "make: no node and npm: the benchmarks leave that side out"; \
	fi
