# What people and CI type. Logic lives in the binary, not here.

CARGO ?= cargo
ATROPOS = target/release/atropos
ORACLE = target/release/atropos-oracle --seed $(ORACLE_SEED)
# Runs of the variant that holds in `make soak`: 1,000,000 workloads of 64 runs.
SOAK_RUNS ?= 64000000
# Runs of every variant, canaries included, and which of the long tests.
SOAK_FUZZ_RUNS ?= 1000000
SOAK_TESTS ?= --include-ignored
# Which of the runner's long tests: a hundred kills, a million damaged inputs for each reader.
SOAK_RUNNER ?= --ignored
# Programs that `make oracle` runs on a real BEAM, and that `make soak` does: of processes alone, of
# servers, agents and tasks, and of supervisors.
ORACLE_PROGRAMS ?= 500
ORACLE_OTP_PROGRAMS ?= 300
ORACLE_SUP_PROGRAMS ?= 200
# Step programs of asyncio, and the Python that runs them: 3.11, 3.12 or 3.13.
ORACLE_ASYNCIO_PROGRAMS ?= 2000
ORACLE_PYTHON ?= python3
ORACLE_SEED ?= 0xa7209005
SOAK_PROGRAMS ?= 20000
SOAK_OTP_PROGRAMS ?= 20000
SOAK_SUP_PROGRAMS ?= 20000

.PHONY: help fuzz ci scale test check soak digests oracle review bench build fmt

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

build:
	$(CARGO) build --locked --release --package atropos-runner

fuzz: build ## The main job: hunt through every scenario, canaries included
	$(ATROPOS) fuzz

ci: build ## What a change is held to: what was kept, then runs of its own; the same commit, the same bytes
	$(ATROPOS) ci

scale: build ## GNU parallel and a one-node Slurm array against one process; installs both
	bash runner/tests/scale.sh

test: ## Every test, snapshots and documentation included; under five minutes on two cores
	$(CARGO) test --locked --workspace

check: ## Formatting, lints and documentation, warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

soak: build digests ## The long counts: a million workloads that must hold, every canary, 200 seeds, oracle
	$(ATROPOS) fuzz atomvm-links/fixed --runs $(SOAK_RUNS)
	$(ATROPOS) fuzz --runs $(SOAK_FUZZ_RUNS)
	$(ATROPOS) count scenarios/conformance/exploration/exact_counts_public.jsonl --engines
	$(ATROPOS) check
	$(CARGO) test --locked --profile soak --package atropos-scenarios -- $(SOAK_TESTS)
	$(CARGO) test --locked --package atropos-runner --lib --test interrupt -- $(SOAK_RUNNER)
	$(CARGO) test --locked --package atropos-runner --test page -- --ignored --test-threads 1
	$(CARGO) test --locked --manifest-path scenarios/tokio-1.47/Cargo.toml
	$(CARGO) build --locked --manifest-path runner/fuzz/Cargo.toml
	$(MAKE) oracle ORACLE_PROGRAMS=$(SOAK_PROGRAMS) ORACLE_OTP_PROGRAMS=$(SOAK_OTP_PROGRAMS) \
	  ORACLE_SUP_PROGRAMS=$(SOAK_SUP_PROGRAMS)

oracle: build ## Random programs on a real BEAM and CPython against the simulator; needs both
	$(ORACLE) --programs $(ORACLE_PROGRAMS)
	$(ORACLE) --layer otp --programs $(ORACLE_OTP_PROGRAMS)
	$(ORACLE) --layer sup --programs $(ORACLE_SUP_PROGRAMS)
	$(ORACLE) --layer asyncio --programs $(ORACLE_ASYNCIO_PROGRAMS) --python $(ORACLE_PYTHON)

digests: build ## Test build and release, one thread and two, must give the same digests
	$(CARGO) build --locked --profile test --package atropos-runner
	target/debug/atropos fuzz --runs 5000 -j1 --format json --quiet --out target/atropos/digests \
	  | grep '"event":"variant"' > target/digests-test-1.jsonl
	$(ATROPOS) fuzz --runs 5000 -j2 --format json --quiet --out target/atropos/digests \
	  | grep '"event":"variant"' > target/digests-release-2.jsonl
	cmp target/digests-test-1.jsonl target/digests-release-2.jsonl

review: build ## Look at changed stories, one by one
	$(ATROPOS) snapshots review

bench: build ## The kernel against a hand-written executor
	$(ATROPOS) bench

fmt:
	$(CARGO) fmt --all
