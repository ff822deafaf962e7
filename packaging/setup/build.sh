#!/usr/bin/env bash
# build.sh PRESET [cmake --build's options]: builds in silence but for the last line; of a build that failed it shows
# what failed, which the last line alone never says. The whole log stays in build/build-PRESET.log.
set -uo pipefail
cd "$(dirname "$0")/../.."
preset=$1; shift
log=build/build-$preset.log
if cmake --build --preset "$preset" "$@" >"$log" 2>&1; then
  tail -n 1 "$log"
else
  status=$?
  if grep -q FAILED "$log"; then sed -n '/FAILED/,$p' "$log" | head -n 200; else tail -n 60 "$log"; fi
  exit "$status"
fi
