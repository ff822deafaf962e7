#!/usr/bin/env bash
# Every lint of the project; each fault is an error. Run by `make lint` from the root of the repository.
set -uo pipefail
failed=""
check() { # name, command…
  local name=$1; shift
  local started=$SECONDS
  if "$@" >build/lint-"$name".log 2>&1; then
    echo "lint $name: fine ($((SECONDS - started)) s)"
  else
    echo "lint $name: FAULTS"; tail -n 60 build/lint-"$name".log; failed="$failed $name"
  fi
}
mkdir -p build
python=.venv/bin/python
mapfile -t cpp < <(git ls-files '*.cpp' '*.h')

check rooms $python tests/lint/rooms.py
check contract $python proto/check.py
check clang-format clang-format-14 --dry-run -Werror --style=file "${cpp[@]}"
check ruff $python -m ruff check --config client_py/pyproject.toml client_py tests proto
check mypy-client $python -m mypy --config-file client_py/pyproject.toml client_py/src
windows=(client_py/src/mercury_client/{system,win32,pipe_transport,windows_process}.py)
check mypy-windows $python -m mypy --config-file client_py/pyproject.toml --platform win32 --follow-imports=silent "${windows[@]}"
check paths $python tests/lint/words.py

# clang-tidy reads the compile commands of the release build; only files that it has compiled before and that
# changed since are read again, by the hash of what the preprocessor makes of them.
cmake --preset release >build/cmake.log 2>&1 || { cat build/cmake.log; exit 1; }
tidy() {
  git ls-files 'daemon/*.cpp' 'platform/posix/*.cpp' 'platform/linux/*.cpp' |
    xargs -P "$(nproc)" -n 4 clang-tidy-14 -p build/release --quiet --warnings-as-errors='*' 2>/dev/null
}
check clang-tidy tidy
[ -z "$failed" ] || { echo "lint: faults in$failed"; exit 1; }
