# The commands: make demo, make test, and make check while one works. Plain Meson works, too: meson setup build && ninja -C build
PREFIX ?= /usr/local
RUN_TESTS = python3 tools/run-tests

.PHONY: build demo check test test-peer test-integrations test-install wheels deb docs check-elsewhere bench bench-peers bench-simulations install lint format asan tsan clean
# What is not in Debian is fetched, too; without a network there is no Parquet then, and the dashboard has no charts.
.PHONY: configured
configured: setup
	@tools/fetch carquet uplot || echo 'Going on without: no Parquet exports, no charts in the dashboard (tools/fetch gets them).' >&2
	@tools/configure build --prefix '$(PREFIX)'
build: configured
	@ninja -C build

.PHONY: setup setup-check setup-tests
setup:
	@tools/setup
setup-check:
	@tools/setup --check
setup-tests:
	@tools/setup --tests
	@tools/fetch

# The command with what it opens, which is half of what there is to build.
demo: configured
	@ninja -C build command
	@build/cli/afmon demo

# AFMON_TEST=NAME make check: the one test function of that name.
check: setup-check
	@$(RUN_TESTS) check

# STEP=gcc make test: one of its steps.
test: setup-tests
	@$(RUN_TESTS) $(STEP)
lint asan tsan: setup-tests
	@$(RUN_TESTS) $@

# Afterimage's generators with our monitor, and then afterimage's own tests with our module in the place of theirs. Its
# packages are 670 MB, so this is no part of `make test`.
PEER_TESTS = PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='$(CURDIR)/build/python:$(CURDIR)/tests/peer' \
    '$(CURDIR)/build-peer/bin/python3' -m pytest -q -p no:cacheprovider
test-peer: build
	@tools/fetch peer
	@$(PEER_TESTS) -p no:asyncio tests/peer
	@cd build-peer/afterimage && $(PEER_TESTS) -p in_place -m 'not integration' tests

# What afmon.integrations is for, each with 500 calls of a server whose log says what they were. Its packages are 1.2 GB.
test-integrations: build
	@tools/fetch integrations
	@PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='$(CURDIR)/build/python' \
	    build-integrations/bin/python3 -m pytest -q -p no:cacheprovider tests/integrations

# What people install: wheels and tarballs in build-wheels/dist, Debian's packages in build-deb.
wheels:
	@tools/setup --wheels
	@tools/wheels
deb:
	@tools/setup --wheels
	@tools/deb
# In bare Debian 11, 12 and 13, which it makes: 600 MB, so this is no part of `make test`.
test-install: wheels
	@build-python/bin/python3 -m pytest -q -p no:cacheprovider tests/install

# What reads a run, compiled for macOS, FreeBSD and musl.
check-elsewhere: build
	@tools/fetch elsewhere
	@build-elsewhere/bin/python3 tools/check-elsewhere build

docs: setup-check
	@tools/fetch docs
	@tools/site

format: setup-tests
	@python3 tools/check-format --fix

bench: setup
	@test -f build-bench/build.ninja || meson setup build-bench --buildtype=release -Dbench=true -Dtests=disabled
	@ninja -C build-bench
	@bench/run build-bench

# Thousands of simulated runs: half an hour.
bench-simulations: build
	@bench/simulate build

bench-peers:
	@tools/setup --peers
	@test -f build-peers/build.ninja || \
	    meson setup build-peers --buildtype=release -Dbench=true -Dbench_peers=true -Dtests=disabled
	@ninja -C build-peers
	@bench/peers/run build-peers

install: build
	@tools/install '$(PREFIX)'

clean:
	rm -rf build build-bench build-peers build-gcc build-clang build-asan build-tsan build-peer build-integrations build-python build-wheels build-deb build-docs build-elsewhere subprojects/carquet subprojects/uplot subprojects/axe-core
