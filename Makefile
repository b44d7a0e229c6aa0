# The two commands: make demo, make test. Plain Meson works, too: meson setup build && ninja -C build
PREFIX ?= /usr/local
RUN_TESTS = python3 tools/run-tests

.PHONY: build demo test test-peer bench bench-peers install lint format asan tsan clean
build: setup
	@test -f build/build.ninja || meson setup build --prefix '$(PREFIX)'
	@ninja -C build

.PHONY: setup setup-tests
setup:
	@tools/setup
setup-tests:
	@tools/setup --tests
	@tools/fetch

demo: build
	@build/cli/afmon demo

test: setup-tests
	@$(RUN_TESTS)
lint asan tsan: setup-tests
	@$(RUN_TESTS) $@

# The peer's own generators with our monitor. Its packages are 670 MB, so this is no part of `make test`.
test-peer: build
	@test -x build-peer/bin/python3 || python3 -m venv build-peer
	@build-peer/bin/python3 -m pip install -q --disable-pip-version-check --require-hashes -r tests/peer/requirements.txt
	@PYTHONPATH=build/python PYTHONDONTWRITEBYTECODE=1 build-peer/bin/python3 -m pytest -q -p no:cacheprovider tests/peer

format: setup-tests
	@python3 tools/check-format --fix

bench: setup
	@test -f build-bench/build.ninja || meson setup build-bench --buildtype=release -Dbench=true -Dtests=disabled
	@ninja -C build-bench
	@bench/run build-bench
bench-peers:
	@tools/setup --peers
	@test -f build-peers/build.ninja || \
	    meson setup build-peers --buildtype=release -Dbench=true -Dbench_peers=true -Dtests=disabled
	@ninja -C build-peers
	@bench/peers/run build-peers

install: build
	@meson install -C build

clean:
	rm -rf build build-bench build-peers build-gcc build-clang build-asan build-tsan build-peer build-python subprojects/carquet subprojects/uplot subprojects/axe-core
