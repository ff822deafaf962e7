#!/usr/bin/env bash
# The Django tests on every Django that Mercury supports: 4.2, 5.2 (in .venv, run by pytest itself) and 6.x, which
# needs Python 3.12 or newer. Without such a Python it says so; with MERCURY_REQUIRE_DJANGO6=1 that is a failure.
set -eu
cd "$(dirname "$0")/../.."

# The first interpreter that is new enough: on PATH, or one of pyenv's.
find_python() {
  for candidate in python3.14 python3.13 python3.12 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
      echo "$candidate"; return 0
    fi
  done
  return 1
}

run() { # name, python, django requirement
  local name=$1 python=$2 django=$3 venv=build/venv-$1
  if [ ! -e "$venv/.ready" ] || [ tests/requirements.txt -nt "$venv/.ready" ]; then
    "$python" -m venv "$venv"
    sed "s/^django~=.*/$django/; /^mypy/d; /^ruff/d" tests/requirements.txt >"$venv/requirements.txt"
    "$venv/bin/pip" install -q --disable-pip-version-check -r "$venv/requirements.txt" -e client_py
    touch "$venv/.ready"
  fi
  ln -sf ../../../.venv/bin/mercuryd ../../../.venv/bin/mercuryctl "$venv/bin/"
  echo "Django $("$venv/bin/python" -c 'import django, sys; print(django.get_version(), "on Python", sys.version.split()[0])')"
  "$venv/bin/python" -m pytest tests/django_client -q
  "$venv/bin/python" -m pytest tests/client -q
  "$venv/bin/python" -m pytest tests/upstream -q -k "public or any_order"
}

run django42 .venv/bin/python 'django~=4.2.0'
if python=$(find_python); then
  run django6 "$python" 'django>=6.0,<7'
else
  echo "SKIPPED: Django 6 needs Python 3.12 or newer, and none was found; 1 configuration not tested"
  [ "${MERCURY_REQUIRE_DJANGO6:-0}" != 1 ]
fi
