#!/usr/bin/env bash
# Mercury on Windows, as far as Wine is Windows: builds the programs and the C++ tests with mingw-w64, runs the tests,
# and then the client and a Django site in a Windows Python against mercuryd.exe. `make windows` installs what it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=.venv/bin/python

cmake --preset windows >build/cmake-windows.log 2>&1 || { cat build/cmake-windows.log; exit 1; }
packaging/setup/build.sh windows -j "$(nproc)"

export WINEPREFIX=$PWD/build/windows/prefix WINEDEBUG=-all WINEDLLOVERRIDES="mscoree=;mshtml="
mkdir -p "$WINEPREFIX"
/usr/lib/wine/wineserver -p || true # one Windows for all processes; an error if there is one already
trap '/usr/lib/wine/wineserver -k || true' EXIT
wine wineboot -i >/dev/null 2>&1
wine winecfg -v win10 >/dev/null 2>&1
failed=""
for test in build/windows/tests/test_*.exe; do
  timeout 300 wine "$test" --gtest_brief=1 >"$test.log" 2>&1 || failed="$failed $test"
  grep -hE '^\[ *(PASSED|FAILED)' "$test.log" | sed "s|^|$(basename "$test"): |" || true
done
for test in $failed; do
  grep -vE ':err:|^Running main' "$test.log" | tail -n 60
done

tests/windows/setup_python.sh
unset WINEPREFIX # the tests below make their own
MERCURY_REQUIRE_WINDOWS=1 $python -m pytest -q tests/windows || failed="$failed pytest"
[ -z "$failed" ] || { echo "windows: failed:$failed"; exit 1; }
