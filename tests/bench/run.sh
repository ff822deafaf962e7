#!/usr/bin/env bash
# Every benchmark, one after the other; `make bench` runs it from the root of the repository. Figures with their
# reading: README.md beside this file.
set -eu
python=.venv/bin/python
$python tests/bench/daemon_ingest.py "$@"
echo
$python tests/bench/client_cost.py
echo
$python tests/bench/outage.py --seconds 10
