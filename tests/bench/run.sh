#!/usr/bin/env bash
# Every benchmark, one after the other; `make bench` runs it from the root of the repository. Arguments go to run.py
# (--quick). Figures with their reading: README.md beside this file.
set -eu
python=.venv/bin/python
peers=build/venv-peers
if [ ! -e "$peers/.ready" ]; then # other tools to compare with, apart from everything else
  $python -m venv "$peers"
  if "$peers/bin/pip" install -q --disable-pip-version-check -r tests/bench/peers.txt; then touch "$peers/.ready"; fi
fi
$python tests/bench/run.py "$@"
echo
$python tests/bench/call_sites.py
echo
$python tests/bench/client_cost.py
echo
$python tests/bench/outage.py --seconds 10
