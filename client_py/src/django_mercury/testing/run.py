"""Take the records of a whole run together: reports, gates, and what is said at the end. Shared by all runners.

::

    run = Run(options)
    run.require_daemon("at the start")     # if strict
    run.add(record) …                      # from this process, or from a worker of a parallel run
    run.end()                              # writes the reports; run.faults says why the run fails
    print(run.text(colour=False))
"""

from __future__ import annotations

import datetime
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import gate, outputs
from .merge import document
from .voices import render, resolve_voice

__all__ = ["Options", "Run", "daemon_faults", "labels", "options_from", "wants_summary", "write"]


@dataclass(frozen=True)
class Options:
    """What a person asked for. ``reports``: files; ``baseline``: a file, "" for none."""

    reports: Sequence[str] = ()
    fail_on: Sequence[gate.Rule] = ()
    voice: str = "line"
    baseline: str = ""
    update_baseline: bool = False
    github: bool = False


def options_from(
    *,
    reports: Iterable[str] = (),
    fail_on: Iterable[str] = (),
    voice: str = "",
    baseline: str = "",
    update_baseline: bool = False,
    github: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Options:
    """Check what was asked for; ValueError names the value that is wrong. Under CI a run speaks in lines."""
    environ = os.environ if environ is None else environ
    chosen = resolve_voice(voice) if voice else "line"
    files = [path for path in reports if path]
    for path in files:
        outputs.form_of(path)
    if update_baseline and not baseline:
        raise ValueError("a baseline is to be updated, and no file is named: give --mercury-baseline=FILE, too")
    return Options(files, gate.parse(fail_on), chosen, baseline, update_baseline, github)


class Run:
    """One run of tests; ``faults``: why it fails, a sentence each. Not for several threads."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.id = ""
        self.rules: Sequence[Mapping[str, str]] = ()
        self.only_some = False  # not all tests were run: an update of the baseline keeps the others
        self.faults: list[str] = []
        self.document: dict[str, Any] | None = None
        self._repeats: dict[str, list[Mapping[str, Any]]] = {}
        self._started = datetime.datetime.now(datetime.timezone.utc)
        self._start_s = time.monotonic()
        self._said: list[str] = []

    def require_daemon(self, when: str) -> None:
        """Note, where that is strict, that there is no daemon; needs Django."""
        self.faults += daemon_faults(when)

    def add(self, record: Mapping[str, Any]) -> None:
        """Take the record of one test; a second one of the same test is a repeat."""
        self._repeats.setdefault(record["id"], []).append(record)

    @property
    def measured(self) -> int:
        """Return how many tests there are records of."""
        return len(self._repeats)

    def documents(self) -> list[dict[str, Any]]:
        """Return a document for each repeat, of the tests that had so many, and then one of each test's last."""
        every = list(self._repeats.values())
        count = max(map(len, every), default=0)
        repeats = [[records[number] for records in every if number < len(records)] for number in range(count)]
        return [self._document(records) for records in (*repeats, [records[-1] for records in every])]

    def _document(self, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        return document(
            records,
            run=self.id,
            started=self._started,
            duration_ms=(time.monotonic() - self._start_s) * 1000,
            engine=self._engine(),
            rules=self.rules,
        )

    def _engine(self) -> str:
        used = {engine for records in self._repeats.values() for one in records for engine in one["timing"]["engines"]}
        return "mixed" if len(used) > 1 else next(iter(used), "reference")

    def end(self) -> None:
        """Judge what was added."""
        *repeats, shown = self.documents()
        self.judge(shown, repeats)

    def judge(self, shown: dict[str, Any], repeats: Sequence[Mapping[str, Any]]) -> None:
        """Write every report, whatever failed, and decide; ``repeats``: documents for a baseline."""
        self.document = shown
        for path in self.options.reports:
            try:
                outputs.write_report(self.document, path)
                self._said.append(f"report: {path}")
            except Exception as error:  # a report that fails must not lose the others, nor the run's result
                self.faults.append(f"the report {path} was not written: {error or type(error).__name__}")
        self.faults += gate.offences(self.document, self.options.fail_on)
        if self.options.baseline:
            self._baseline(repeats or [shown])
        if self.options.github:
            try:
                self._said += outputs.tell_github(self.document)
            except OSError as error:
                self.faults.append(f"the step's summary was not written: {error}")

    def _baseline(self, documents: Sequence[Mapping[str, Any]]) -> None:
        from . import baseline

        path = self.options.baseline
        try:
            if self.options.update_baseline:
                old = baseline.read(path) if os.path.exists(path) else baseline.Baseline({})
                baseline.write(baseline.updated(old, documents, only_some=self.only_some), path)
                self._said.append(f"baseline written: {path}")
                if kept := baseline.without_new_times(old, documents):
                    self._said.append(
                        f"Of {len(kept)} test{'s' * (len(kept) > 1)} the times are those of before, for none of "
                        f"this run counts: the machine changed its speed beside too many: {', '.join(kept[:5])}"
                        f"{' and more' * (len(kept) > 5)}"
                    )
                return
            comparison = baseline.compare(baseline.read(path), documents)
        except (OSError, ValueError) as error:
            self.faults.append(f"the baseline {path}: {error}")
            return
        self._said.append(comparison.text())
        self.faults += [f"baseline: {sentence}" for sentence in comparison.failures]

    def text(self, *, colour: bool = False) -> str:
        """Return what is said at the end, in the chosen voice."""
        assert self.document is not None
        parts = [render(self.document, self.options.voice, colour)]
        if self.options.voice != "json":
            parts += self._said
            parts += [f"FAILED {sentence}" for sentence in self.faults]
        return "\n".join(part.rstrip("\n") for part in parts if part)


def labels() -> tuple[str, list[dict[str, str]]]:
    """Return the id of this run and the IGNORE rules; needs Django."""
    from .. import site_setup

    configuration = site_setup.set_up()
    return configuration.run, [dict(rule) for rule in configuration.ignore]


def daemon_faults(when: str) -> list[str]:
    """Return a sentence if there is no daemon where a run is strict; needs Django."""
    from . import engines

    reason = engines.missing_daemon()
    return [f"{when} of the run: {engines.strict_sentence(reason)}"] if reason else []


def write(text: str) -> None:
    """Print, also where the stream's encoding does not know every character."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def wants_summary(environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether a summary is to be printed: unless MERCURY_NO_SUMMARY is set and not empty."""
    return not (os.environ if environ is None else environ).get("MERCURY_NO_SUMMARY")
