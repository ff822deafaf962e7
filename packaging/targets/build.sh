#!/usr/bin/env bash
# Builds mercuryd and mercuryctl for other systems, each below build/targets/NAME, and says how large they are.
#
#   packaging/targets/build.sh                  every target for which there is a toolchain file NAME.cmake here
#   packaging/targets/build.sh linux-aarch64    these only
#
# Fails if one does not link, or if a mercuryd has more than 3 MB. Run again, it builds what has changed. The first time
# a target takes some minutes, in which its C++ library is compiled, too.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly here=packaging/targets out=build/targets bytes_max=3000000
jobs=${JOBS:-$(nproc)}

say() { echo "build.sh: $*" >&2; }

# The compiler, and nothing else, comes from PyPI; into a place of its own, so that no site's environment is touched.
get_zig() {
  if ! cmp -s $here/requirements.txt $out/venv/.ready; then
    say "getting the compiler ($(grep -v '^#' $here/requirements.txt))"
    "${PYTHON:-python3}" -m venv $out/venv
    $out/venv/bin/python -m pip install -q --disable-pip-version-check -r $here/requirements.txt
    cp $here/requirements.txt $out/venv/.ready
  fi
  ln -sfn "$($out/venv/bin/python -c 'import pathlib, ziglang; print(pathlib.Path(ziglang.__file__).parent / "zig")')" $out/zig
}

build() { # target
  cmake -S . -B "$out/$1" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/$here/$1.cmake" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="-O2 -DNDEBUG" -DCMAKE_EXE_LINKER_FLAGS_RELEASE=-s -DMERCURY_TESTS=OFF >"$out/$1.log" 2>&1 &&
    cmake --build "$out/$1" -j "$jobs" --target mercuryd mercuryctl >>"$out/$1.log" 2>&1
}

# "mercuryd" or "mercuryd.exe", whichever the target has made.
program() { # target, name
  local file
  for file in "$out/$1/$2" "$out/$1/$2.exe"; do [ ! -f "$file" ] || { echo "$file"; return; }; done
  return 1
}

kind_of() { file -b "$1" | sed -E 's/, (for GNU|BuildID|not stripped|stripped|flags:|[0-9]+ sections|version 1).*//; s/ \(.*\)//'; }

mkdir -p $out
targets=("$@")
if [ $# = 0 ]; then
  for file in $here/*-*.cmake; do
    name=$(basename "$file" .cmake)
    case $name in zig-*) ;; *) targets+=("$name") ;; esac
  done
fi
for target in "${targets[@]}"; do
  [ -f "$here/$target.cmake" ] || { say "there is no target '$target'; see $here/*.cmake"; exit 2; }
done
get_zig
export ZIG_GLOBAL_CACHE_DIR=$PWD/$out/zig-cache ZIG_LOCAL_CACHE_DIR=$PWD/$out/zig-cache

failed=""
rows=""
for target in "${targets[@]}"; do
  started=$SECONDS
  if build "$target"; then
    daemon=$(program "$target" mercuryd)
    ctl=$(program "$target" mercuryctl)
    size=$(stat -c %s "$daemon")
    rows+=$(printf '%-16s %-62s %10d %10d' "$target" "$(kind_of "$daemon")" "$size" "$(stat -c %s "$ctl")")$'\n'
    [ "$size" -le $bytes_max ] || { say "mercuryd of $target has $size bytes, more than $bytes_max"; failed+=" $target"; }
    say "$target took $((SECONDS - started)) s"
  else
    grep -E -A 12 'error:|Error|undefined' "$out/$target.log" | head -n 60 >&2 || tail -n 40 "$out/$target.log" >&2
    say "$target does not build; all of it: $out/$target.log"
    failed+=" $target"
  fi
done
printf '%-16s %-62s %10s %10s\n%s' target type mercuryd mercuryctl "$rows"
[ -z "$failed" ] || { say "failed:$failed"; exit 1; }
