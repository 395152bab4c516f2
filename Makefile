# Six words: demo test bench fuzz firmware-size install. Meson and Ninja do the work; the first run installs what is missing.

BUILD        ?= build
BUILD_ASAN   ?= build-asan
BUILD_FUZZ   ?= build-fuzz
FUZZ_SECONDS ?= 60
PREFIX       ?= /usr/local

.PHONY: demo test bench fuzz firmware-size install build clean
.DEFAULT_GOAL := build

# The main job: everything starts on loopback, a message is sealed in the card and opened at the service.
demo: build
	$(BUILD)/src/cli/gbau demo --out $(BUILD)/demo

# Every test, then every test again under AddressSanitizer and UndefinedBehaviourSanitizer.
test:
	scripts/dependencies.sh build test
	BUILD=$(BUILD) BUILD_ASAN=$(BUILD_ASAN) scripts/test.sh

# Figures beside their references, in one run: build/bench.json.
bench:
	scripts/dependencies.sh build bench
	BUILD=$(BUILD)-bench scripts/bench.sh

# Every libFuzzer target for FUZZ_SECONDS each, from its seed corpus.
fuzz:
	scripts/dependencies.sh build fuzz
	BUILD=$(BUILD_FUZZ) FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh

# What the card costs on a Cortex-M4, beside the goals: build/firmware-size.json.
firmware-size:
	scripts/dependencies.sh build firmware
	test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	ninja -C $(BUILD) build.ninja
	scripts/firmware_size.py --build $(BUILD)

install: build
	meson configure $(BUILD) -Dprefix=$(PREFIX)
	meson install -C $(BUILD)

build:
	scripts/dependencies.sh build
	test -f $(BUILD)/build.ninja || meson setup $(BUILD)
	ninja -C $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-bench $(BUILD_ASAN) $(BUILD_FUZZ)
