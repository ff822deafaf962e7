# make demo   the bookshop under four workers, seen from the terminal       make test   everything that must pass
# Both install what is missing (Debian, Ubuntu), make a virtual environment in .venv and build in build/release.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
# make windows   the same on Windows, under Wine
.PHONY: windows deps-windows help demo test test-cpp test-py lint format bench sanitize targets clean deps-build deps-test deps-lint deps-targets build venv judge-json

# The first Python that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= $(shell nproc)
CCACHE := $(if $(shell command -v ccache),-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)

help:
	@sed -n '1,2s/^# //p' Makefile; echo "also: windows lint format bench sanitize targets clean"

deps-build: ; @packaging/setup/debian.sh build
deps-test:  ; @packaging/setup/debian.sh test
deps-lint:  ; @packaging/setup/debian.sh lint
deps-targets: ; @packaging/setup/debian.sh targets

$(VENV)/.ready: client_py/pyproject.toml tests/requirements.txt | deps-build
	@echo "virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check -r tests/requirements.txt -e client_py
	@touch $@
venv: $(VENV)/.ready

# The two programs stand beside the interpreter, where the client looks first.
build: deps-build $(VENV)/.ready
	@cmake --preset release -DMERCURY_TESTS=OFF $(CCACHE) >build/cmake.log 2>&1 || { cat build/cmake.log; exit 1; }
	@packaging/setup/build.sh release -j $(JOBS) --target mercuryd mercuryctl
	@ln -sf ../../build/release/mercuryd ../../build/release/mercuryctl $(BIN)/
build: | build/
build/:
	@mkdir -p build

demo: build
	@$(BIN)/python tests/bookshop/demo.py

test-cpp: deps-test $(VENV)/.ready | build/
	@cmake --preset release -DMERCURY_TESTS=ON $(CCACHE) >build/cmake.log 2>&1 || { cat build/cmake.log; exit 1; }
	@packaging/setup/build.sh release -j $(JOBS)
	@ln -sf ../../build/release/mercuryd ../../build/release/mercuryctl $(BIN)/
	@ctest --preset release -j $(JOBS) >build/ctest.log 2>&1 || { tail -n 80 build/ctest.log; exit 1; }
	@tail -n 3 build/ctest.log

test-py: test-cpp
	@$(BIN)/python -m pytest tests -q
	@tests/django_client/matrix.sh

test: test-cpp test-py

deps-windows: ; @packaging/setup/debian.sh windows
windows: deps-windows $(VENV)/.ready | build/
	@tests/windows/run.sh

lint: deps-lint $(VENV)/.ready | build/
	@tests/lint/run.sh

sanitize: deps-lint $(VENV)/.ready | build/
	@tests/lint/sanitize.sh

# mercuryd and mercuryctl for every other system, and what they count where they can be run.
targets: deps-targets $(VENV)/.ready | build/
	@JOBS=$(JOBS) PYTHON=$(PYTHON) packaging/targets/build.sh
	@MERCURY_REQUIRE_TARGETS=1 $(BIN)/python -m pytest tests/targets -q
	@tests/windows/setup_python.sh
	@MERCURYD_EXE=$(CURDIR)/build/targets/windows-x86_64/mercuryd.exe MERCURY_REQUIRE_WINDOWS=1 $(BIN)/python -m pytest tests/windows -q

format:
	@git ls-files '*.cpp' '*.h' | xargs clang-format-14 -i --style=file
	@$(BIN)/ruff format --config client_py/pyproject.toml client_py tests proto

bench: build judge-json
	@tests/bench/run.sh

judge-json: deps-test | build/
	@cmake --preset release -DMERCURY_TESTS=ON $(CCACHE) >build/cmake.log 2>&1 || { cat build/cmake.log; exit 1; }
	@packaging/setup/build.sh release -j $(JOBS) --target judge_json

clean:
	rm -rf build $(VENV)
