# The two commands of a newcomer: `make run` and `make test`. Everything else is for those who build it.

# The build folder lies outside the clone, so that every checkout (CI's too) shares it.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/astroshield
export CARGO_TARGET_DIR ?= $(CACHE)/target
TOOLS := $(CACHE)/tools
# Of all that is compiled: another set would compile the dependencies anew.
FEATURES := astroshield-server/managed,astroshield-server/parquet
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2

CATALOG ?=
LISTEN ?=
FUZZ_SECONDS ?= 30
SECTIONS ?=
HOURS ?= 3
ROUNDS ?= 210
MINUTES ?= 5
FAULTS ?= 50
SEED ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup:
	@scripts/setup

.PHONY: setup-test
setup-test:
	@scripts/setup test

.PHONY: services
services: setup-test ## Start what tests need (PostgreSQL, Redis, Kafka, S3, an issuer, a collector of telemetry), and print the variables that say where (FOLDER=)
	@scripts/services start "$(or $(FOLDER),$(error FOLDER= is due: a folder that does not exist))"

# The console is built where it lies, and again when anything that it is made of has changed.
CONSOLE := web/out/index.html
CONSOLE_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/out -prune -o -path web/.next -prune -o \
	-path web/e2e -prune -o -type f ! -name next-env.d.ts ! -name schema.ts ! -name '*.tsbuildinfo' -print)

.PHONY: console
console: setup $(CONSOLE) ## Build the console into web/out

web/node_modules/.package-lock.json: web/package-lock.json
	@cd web && npm ci --silent
	@touch $@

$(CONSOLE): web/node_modules/.package-lock.json $(CONSOLE_SOURCES) crates/api/openapi.json
	@cd web && NEXT_TELEMETRY_DISABLED=1 npm run --silent build

.PHONY: run
run: setup $(CONSOLE) ## Start the service, and open its console (CATALOG=FILE shows that catalog)
	@cargo build --locked --release --quiet --package astroshield-server --features parquet
	@CATALOG='$(CATALOG)' LISTEN='$(LISTEN)' CONSOLE=web/out scripts/run "$(CARGO_TARGET_DIR)/release/astroshield"

.PHONY: test
test: setup-test $(CONSOLE) format lint deny layers docs ## Everything that CI checks
	@scripts/test

.PHONY: validate
validate: setup ## Screen the whole reference catalog and hold it against brute force (HOURS=3 of all pairs)
	@cargo run --locked --release --quiet --package astroshield-astro --example brute_force -- $(HOURS)

.PHONY: fuzz
fuzz: setup $(TOOLS)/bin/cargo-fuzz ## Fuzz each parser (FUZZ_SECONDS=30 each)
	PATH="$(TOOLS)/bin:$$PATH" fuzz/run $(FUZZ_SECONDS)

$(TOOLS)/bin/cargo-fuzz:
	cargo install --locked --quiet --debug cargo-fuzz@$(CARGO_FUZZ_VERSION) --root $(TOOLS)

.PHONY: crash
crash: setup-test ## Kill the service at every boundary, and cut its power (ROUNDS=210 of each kind, SEED=)
	ASTROSHIELD_CRASH_ROUNDS=$(ROUNDS) $(if $(SEED),ASTROSHIELD_CRASH_SEED=$(SEED)) \
		cargo test --locked --workspace --features $(FEATURES) --test faults -- --nocapture killed power

.PHONY: soak
soak: setup-test ## Load, kills, full disks, and feeds and webhooks that fail, for some minutes (MINUTES=5, SEED=), then servers and processes that come and go (FAULTS=50 rounds of each)
	ASTROSHIELD_SOAK_MINUTES=$(MINUTES) ASTROSHIELD_SOAK_ROUND_SECONDS=20 $(if $(SEED),ASTROSHIELD_CRASH_SEED=$(SEED)) \
		cargo test --locked --workspace --features $(FEATURES) --test faults -- --nocapture soak
	scripts/faults $(FAULTS) $(SEED)

.PHONY: format
format:
	cargo fmt --all --check

.PHONY: lint
lint:
	cargo clippy --locked --workspace --all-targets --features $(FEATURES) -- --deny warnings
	cargo clippy --locked --package astroshield-server -- --deny warnings

.PHONY: deny
deny: $(TOOLS)/bin/cargo-deny
	$(TOOLS)/bin/cargo-deny --locked check bans licenses sources

$(TOOLS)/bin/cargo-deny:
	cargo install --locked --quiet --debug cargo-deny@$(CARGO_DENY_VERSION) --root $(TOOLS)

.PHONY: layers
layers:
	cargo xtask layers

.PHONY: docs
docs:
	cargo xtask docs
	RUSTDOCFLAGS='--deny warnings' cargo doc --locked --workspace --no-deps

.PHONY: bench
bench: setup ## Measure speed and memory beside the peers (minutes, on an idle machine; SECTIONS="propagation screening scale")
	@scripts/bench $(CACHE) $(SECTIONS)

.PHONY: bench-service
bench-service: setup ## Measure the service under load: lists, search, WebSockets, memory (15 minutes, on an idle machine)
	@scripts/bench-service $(CACHE)

.PHONY: bench-tiers
bench-tiers: setup-test ## Measure the service on servers beside the one in a single process (15 minutes, on an idle machine; SECTIONS="events screening reads")
	@scripts/bench-tiers $(CACHE) $(SECTIONS)
