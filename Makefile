# The front door. `make help` lists what is here; the work is done by CMake (see CMakePresets.json).
.DEFAULT_GOAL := help
PRESET ?= release
BUILD := build/$(PRESET)
HOMEOSTAT := $(BUILD)/bin/homeostat

.PHONY: help packages configure build programs demo test test-real simulate bench lint sanitize fuzz clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

packages:
	@scripts/install-packages.sh

configure: packages
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET) >/dev/null

build: configure  ## builds everything (PRESET=release|dev|asan|tsan)
	@cmake --build $(BUILD)

programs: configure
	@cmake --build $(BUILD) --target homeostat homeostat-shop

demo: programs  ## starts a small shop, breaks it again and again, and heals it in front of you
	@$(HOMEOSTAT) demo

test: build  ## every test that needs nothing but the packages
	@ctest --test-dir $(BUILD) --output-on-failure -LE 'real|fuzz'

test-real: build  ## the tests against real servers and clients (ONLY=name picks one)
	@HOMEOSTAT=$(abspath $(HOMEOSTAT)) tests/real/run.sh "$(ONLY)"

simulate: programs  ## 1,000 incidents in virtual time, with the table of results
	@$(HOMEOSTAT) simulate --incidents 1000 --seed 1

bench: build  ## measures speed against peers in the same run
	@bench/run.sh $(BUILD)

lint: packages  ## formatting, clang-tidy and the rules of the house
	@scripts/lint.sh

sanitize: packages  ## the unit tests under AddressSanitizer with UBSan, then under ThreadSanitizer
	@scripts/sanitize.sh

fuzz: packages  ## each fuzz target for a short while
	@cmake --preset fuzz >/dev/null && cmake --build build/fuzz --target fuzzers && ctest --preset fuzz -j "$$(nproc)"

clean:  ## removes what was built
	@rm -rf build
