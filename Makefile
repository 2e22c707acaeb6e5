# Two commands do everything on a fresh Debian 12 with git and the Swift 6.3 toolchain:
#
#   make run     installs what is missing, builds, and serves on port 8080
#   make test    installs what is missing, builds, and runs the whole quick tier
#
# Two scratch folders, because Swift Testing exists only beside the dynamic runtime, while the
# server links the static one: sharing a folder would compile every module anew at each change of
# command. Arguments: make run ARGUMENTS="--port 9000"; make fuzz TARGET=http SECONDS=60.

export SWIFT_BACKTRACE := enable=no
SHELL := /bin/bash

RELEASE := -c release --static-swift-stdlib
TESTS := -c release --scratch-path .build-tests
BINARY = $(shell swift build $(RELEASE) --show-bin-path)/lingxi
PYTEST = LINGXI_BINARY="$(BINARY)" .venv/bin/python -m pytest Tests/Clients
ARGUMENTS ?=
TARGET ?= http
SECONDS ?= 60

.PHONY: run test test-full test-swift test-clients test-link check deps deps-test build load \
	bench fuzz sim release clean

run: build
	"$(BINARY)" serve $(ARGUMENTS)

# The quick tier: every check, in the order in which a mistake shows soonest.
test: check test-swift test-link test-clients

# The quick tier, and what takes minutes: all conformance cases, long crash and mutation runs.
test-full: check test-swift test-link
	$(MAKE) test-clients TIER=full

check:
	swift format lint --strict --recursive Sources Tests

test-swift: deps-test
	swift build $(TESTS) --build-tests --explicit-target-dependency-import-check error
	swift test $(TESTS) --skip-build

test-link: build
	scripts/check-link "$(BINARY)"

test-clients: build deps-test
	scripts/venv
	$(PYTEST) $(if $(filter full,$(TIER)),-m "quick or full")

deps:
	scripts/deps build

deps-test:
	scripts/deps test

build: deps
	swift build $(RELEASE) --product lingxi

# The server beside the bare reference, in one run, and what a message takes from the heap.
bench: build
	Benchmarks/run --binary "$(BINARY)"
	Benchmarks/allocations --binary "$(BINARY)"

# The load generator of the binary: make load ARGUMENTS="pairs --pairs 100".
load: build
	"$(BINARY)" load $(ARGUMENTS)

# A random test of the whole server for so many seconds; it prints its seed, and LINGXI_TEST_SEED
# runs the same again. TARGET=http mutates requests beside a second parser; TARGET=kill kills the
# server in a stream of messages and counts what is left.
fuzz: build deps-test
	scripts/venv
	LINGXI_FUZZ_SECONDS="$(SECONDS)" $(PYTEST) -s -m fuzz -k "$(TARGET)"

# The store on a simulated disk: SEED=n tells one run step by step, SEEDS=n runs so many from FROM
# on. A seed is always the same run; the quick tier has the first thousand.
sim: deps-test
	swift build $(TESTS) --build-tests
	LINGXI_SIM_SEED="$(SEED)" LINGXI_SIM_SEEDS="$(SEEDS)" LINGXI_SIM_FROM="$(FROM)" \
	swift test $(TESTS) --skip-build --filter SimulationTests.PromiseTests/whatWasAcknowledgedIsKept

# The stripped binary, checked, under release/.
release: test-link
	mkdir -p release
	strip -o release/lingxi "$(BINARY)"
	ls -l release/lingxi

clean:
	rm -rf .build .build-tests .venv .pytest_cache release
