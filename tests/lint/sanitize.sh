#!/usr/bin/env bash
# The C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer, the threaded ones under ThreadSanitizer, and
# each fuzz target for a while. Run by `make sanitize` from the root of the repository.
set -euo pipefail
seconds=${FUZZ_SECONDS:-20}
launcher=$(command -v ccache >/dev/null && echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache || true)
mkdir -p build
build() { # preset, targets…
  local preset=$1; shift
  cmake --preset "$preset" $launcher >build/cmake-"$preset".log 2>&1 || { cat build/cmake-"$preset".log; exit 1; }
  cmake --build --preset "$preset" -j "$(nproc)" "$@" >build/build-"$preset".log 2>&1 || { tail -n 40 build/build-"$preset".log; exit 1; }
}
echo "AddressSanitizer and UndefinedBehaviorSanitizer"
build dev
ctest --preset dev -j "$(nproc)" | tail -n 8
echo "ThreadSanitizer"
build tsan --target test_transport --target test_state --target test_platform --target test_base
ctest --preset tsan --no-tests=error -R '^(transport|state|platform|base):' -j "$(nproc)" | tail -n 8
echo "fuzzing, $seconds s a target"
build fuzz --target fuzz_session --target fuzz_fingerprint  # transport has coroutines, which clang 14 can not build with ASan
for target in build/fuzz/tests/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  mkdir -p build/corpus/"$(basename "$target")"
  "$target" -max_total_time="$seconds" -print_final_stats=1 build/corpus/"$(basename "$target")" \
    >build/"$(basename "$target")".log 2>&1 || { tail -n 40 build/"$(basename "$target")".log; exit 1; }
  echo "$(basename "$target"): $(sed -n 's/^stat::number_of_executed_units: *//p' build/"$(basename "$target")".log) inputs, no fault"
done
