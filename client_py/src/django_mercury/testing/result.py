"""Hold what a measured block came to, and say it: the report of ``monitor()``.

Times are ms, memory MB (1,000,000 bytes). Statements are shown as they were sent, with placeholders: parameters are
never kept.

Time, queries and memory are there when the block ends. The verdict (findings, score, time in the database, engine) is
fetched when somebody looks: most blocks pass, and nobody does. To judge one in this process costs 0.1 ms, to ask the
daemon 0.3.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from mercury_client.reference import Finding, Score, Verdict, known_statement
from mercury_client.unit import Unit

from ..wording import finding_text
from .engines import Engine, NoDaemon, may_be_in_loop, reply_for, with_threshold

__all__ = ["MercuryAssertionError", "MonitorResult", "NPlusOnePattern"]

SAMPLES_MAX = 3
_PATTERNS = ("n_plus_one", "query_in_loop")


class MercuryAssertionError(AssertionError):
    """A limit that was exceeded; ``result`` is the MonitorResult, the message its report."""

    def __init__(self, message: str, result: MonitorResult | None = None) -> None:
        super().__init__(message)
        self.result = result


@dataclass(frozen=True)
class NPlusOnePattern:
    """One statement that ran again and again: its normalised text, how often, and up to three texts as sent."""

    normalized_query: str
    count: int
    sample_queries: list[str]


@dataclass
class MonitorResult:
    """What a block came to. Its fields are filled when the block ends, also when it ends by an exception.

    ``memory_mb`` is what the block allocated at most where ``memory_traced``, else by how much the process grew.
    ``cache_hit_ratio`` and ``score`` are None where there is nothing to tell. Not for two threads at once.
    """

    name: str = ""
    test_name: str = ""
    test_location: str = ""
    thresholds: dict[str, float | None] = field(default_factory=dict)
    used_defaults: bool = True
    response_time_ms: float = 0.0
    query_count: int = 0
    memory_mb: float = 0.0
    memory_traced: bool = False
    cache_hits: int = 0
    cache_misses: int = 0
    exception: BaseException | None = None
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unit: Unit | None = field(default=None, repr=False)
    below: Sequence[Unit] = field(default=(), repr=False)
    strict: bool = field(default=False, repr=False)
    _queries: list[dict[str, str]] | None = field(default=None, repr=False)
    _verdict: Verdict | None = field(default=None, repr=False)
    _engine: Engine | None = field(default=None, repr=False)
    _missing: NoDaemon | None = field(default=None, repr=False)  # what the next look raises

    # ------------------------------------------------------------------------------------------- figures
    @property
    def metrics(self) -> MonitorResult:
        """Return the result itself; what older tests ask a monitor for."""
        return self

    @property
    def operation_name(self) -> str:
        """Return the name that the block was given."""
        return self.name

    @property
    def response_time(self) -> float:
        """Return the time in ms."""
        return self.response_time_ms

    @property
    def memory_usage(self) -> float:
        """Return the memory in MB."""
        return self.memory_mb

    @property
    def memory_overhead(self) -> float:
        """Return the memory in MB."""
        return self.memory_mb

    @property
    def cache_hit_ratio(self) -> float | None:
        """Return which share of the cache's look-ups found something; None: there were none."""
        looked = self.cache_hits + self.cache_misses
        return self.cache_hits / looked if looked else None

    @property
    def grade(self) -> str:
        """Return the grade of the score, "" without one."""
        return self.score.grade if self.score else ""

    @property
    def queries(self) -> list[dict[str, str]]:
        """Return the queries in the order of their start, as Django's ``connection.queries`` has them.

        ``sql``, ``time`` (s), and ``alias``; transaction control is left out. Summaries of very large units
        are one entry with ``calls``.
        """
        if self._queries is None:
            self._queries = list(self._listed())
        return self._queries

    def _records(self) -> list[tuple[Any, ...]]:
        if self.unit is None:
            return []
        parts = (self.unit, *self.below)
        records: list[tuple[Any, ...]] = [
            record for part in parts for record in part.records[: part.count] if not record[0].control
        ]
        records.sort(key=lambda record: record[3])
        return records

    def _listed(self) -> Iterator[dict[str, str]]:
        for record in self._records():
            yield {"sql": record[0].text, "time": f"{record[4] / 1e9:.3f}", "alias": record[1]}
        for part in (self.unit, *self.below) if self.unit is not None else ():
            for key, group in (part.groups or {}).items():
                text = key[0].text if key else ""
                time = f"{group.duration_ns / 1e9:.3f}"
                yield {"sql": text, "time": time, "alias": key[1] if key else "", "calls": str(group.calls)}

    @property
    def n_plus_one_patterns(self) -> list[NPlusOnePattern]:
        """Return the statements that ran in a loop, the most frequent one first; silenced ones are left out."""
        out = []
        for finding in self.loops:
            samples, normal = self._samples(finding)
            out.append(NPlusOnePattern(normal, finding.count, samples))
        return sorted(out, key=lambda pattern: -pattern.count)

    @property
    def loops(self) -> list[Finding]:
        """Return the findings of queries in a loop that are not silenced."""
        return [one for one in self.findings if one.kind in _PATTERNS and not one.ignored]

    def _samples(self, finding: Finding) -> tuple[list[str], str]:
        from mercury_client.reference.fingerprint import normalise

        samples: list[str] = []
        normal = ""
        for record in self._records():
            statement, vendor = record[0], record[2]
            if known_statement(statement.text, vendor).fingerprint == finding.fingerprint:
                normal = normal or normalise(statement.text, vendor)
                samples.append(statement.text)
                if len(samples) == SAMPLES_MAX:
                    break
        return samples, normal

    # --------------------------------------------------------------------------------------------- verdict
    def settle(self) -> Verdict | None:
        """Return the verdict, None before the block has ended; ask for it if nobody has looked yet.

        Raises NoDaemon once in a strict run if the daemon does not answer; the reference engine judges then.
        """
        missing, self._missing = self._missing, None
        if missing is not None:
            raise missing
        if self._verdict is None and self.unit is not None and self.unit.closed:
            self._verdict, self._engine = reply_for(self.unit, self.below, strict=self.strict)
        return self._verdict

    @contextlib.contextmanager
    def said(self) -> Iterator[None]:
        """Let a block say what there is to say without a daemon, too: what a look raises, the next one raises."""
        missing = None
        try:
            self.settle()
        except NoDaemon as error:
            missing = error
        try:
            yield
        finally:
            self._missing = missing

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what was found, the most expensive first, with levels by the limits of this block."""
        verdict = self.settle()
        threshold = self.thresholds.get("n_plus_one_threshold")
        if verdict is None or threshold is None:
            return verdict.findings if verdict else ()
        return with_threshold(verdict.findings, int(threshold))

    @property
    def score(self) -> Score | None:
        """Return the score; None if there is none."""
        verdict = self.settle()
        return verdict.score if verdict else None

    @property
    def db_time_ms(self) -> float:
        """Return the time in the database in ms."""
        verdict = self.settle()
        return verdict.db_ns / 1e6 if verdict else 0.0

    @property
    def engine(self) -> Engine | None:
        """Return who judged; None before the block has ended."""
        self.settle()
        return self._engine

    @property
    def needs_verdict(self) -> bool:
        """Tell whether ``check`` needs it: too few queries for a loop are none."""
        threshold = self.thresholds.get("n_plus_one_threshold")
        return threshold is not None and may_be_in_loop(self.query_count, int(threshold))

    def check(self) -> None:
        """Compare the figures with the limits; fill ``failures`` and ``warnings`` with one sentence each."""
        self.failures, self.warnings = [], []
        for name, what, value in (
            ("response_time_ms", "Response time {value:.2f} ms", self.response_time_ms),
            ("query_count", "Query count {value}", self.query_count),
            ("memory_mb", "Memory {value:.1f} MB", self.memory_mb),
        ):
            limit = self.thresholds.get(name)
            if limit is not None and value > limit:
                over = value - limit
                excess = f"+{over:.0f}" if name == "query_count" else f"+{over:.2f}"
                self.failures.append(f"{what.format(value=value)} is over the limit of {limit:g} ({excess})")
        if not self.needs_verdict:
            return
        threshold = self.thresholds["n_plus_one_threshold"]
        for one in self.loops:
            sentence = f"{finding_text(one)}; from {threshold:g} calls on it fails"
            if one.level == "fail":
                self.failures.append(sentence)
            elif one.level == "warn":
                self.warnings.append(sentence)

    # ---------------------------------------------------------------------------------------------- output
    def explain(self, file: TextIO | None = None) -> None:
        """Print the report; ``file`` None: standard output."""
        from .text import report

        out = sys.stdout if file is None else file
        out.write(report(self, colour_for=out) + "\n")

    def __str__(self) -> str:
        with self.said():
            ms, db, loops = self.response_time_ms, self.db_time_ms, len(self.loops)
        verdict = f"{len(self.failures)} over the limit" if self.failures else "within the limits"
        return (
            f"{self.name or 'monitor'}: {ms:.2f} ms, {self.query_count} queries ({db:.2f} ms), {loops} N+1, {verdict}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "name": self.name,
            "test_name": self.test_name,
            "test_location": self.test_location,
            "response_time_ms": self.response_time_ms,
            "query_count": self.query_count,
            "db_time_ms": self.db_time_ms,
            "memory_mb": self.memory_mb,
            "memory_traced": self.memory_traced,
            "cache_hit_ratio": self.cache_hit_ratio,
            "queries": self.queries,
            "n_plus_one_patterns": [
                {"normalized_query": one.normalized_query, "count": one.count, "sample_queries": one.sample_queries}
                for one in self.n_plus_one_patterns
            ],
            "findings": [finding.to_dict() for finding in self.findings],
            "score": self.score.value if self.score else None,
            "grade": self.grade,
            "thresholds": dict(self.thresholds),
            "used_defaults": self.used_defaults,
            "failures": list(self.failures),
            "warnings": list(self.warnings),
            "engine": self.engine,
            "exception": type(self.exception).__name__ if self.exception is not None else "",
        }

    def to_html(self, path: Any) -> None:
        """Write the block's report as one self-contained HTML file."""
        from .html import write_html
        from .record import report_of_result

        write_html(report_of_result(self), path)
