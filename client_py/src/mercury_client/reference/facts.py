"""Hold what is judged (VERDICTS.md §1): a unit, its queries, and the facts of statements and sites.

Facts are worked out once: ``known_statement`` and ``known_site`` keep them, in tables that start over when they
are full. Threads: any may call; at worst a fact is worked out twice.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import blake2b

from ..limits import NAME_BYTES_MAX, STATEMENT_BYTES_MAX
from ..protocol import Operation, Site, SiteFrame, UnitKind
from ..protocol.text import cut_text
from . import rules
from .fingerprint import fingerprint_id, normalise
from .summary import operation, targets
from .verdict import Place

__all__ = [
    "UNKNOWN_STATEMENT", "IgnoreRule", "JudgedSite", "Query", "StatementFacts", "Thresholds", "UnitFacts",
    "finding_id", "frames_of", "hash_lines", "judged_site", "known_site", "known_statement", "statement_facts",
]  # fmt: skip

ENTRIES_MAX = 4096  # of each table


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What a statement is: ``operation`` in upper case, "" if none; ``targets``: tables."""

    fingerprint: int = 0
    operation: str = ""
    targets: tuple[str, ...] = ()


UNKNOWN_STATEMENT = StatementFacts()


@dataclass(frozen=True, slots=True)
class JudgedSite:
    """A site with its two hashes, its place, and the two parts of its relation."""

    site: Site
    key: int  # groups
    identity: int  # stable over edits and machines
    place: Place
    model: str
    field: str


@dataclass(slots=True)
class Query:
    """One query, or ``calls`` of them in a summary. Times are ns; ``rows`` -1 and ``ordinal`` 0: unknown."""

    statement: StatementFacts
    site: JudgedSite | None = None
    text: Hashable = None  # tells raw texts of one fingerprint apart
    alias: str = "default"
    ordinal: int = 0
    rows: int = -1
    flags: int = 0
    own: bool = True  # of the unit itself, not of a descendant
    start_ns: int = 0
    duration_ns: int = 0
    calls: int = 1
    scope: int = 0  # which request, task, command or test below the unit it is of; 0: the unit's
    command: bool = False  # that is a command


@dataclass(slots=True)
class UnitFacts:
    """What is judged besides the queries. Times are ns; ``first_byte_ns`` 0: not streamed."""

    kind: UnitKind = UnitKind.REQUEST
    operation: Operation = Operation.UNKNOWN
    name: str = ""
    duration_ns: int = 0
    first_byte_ns: int = 0
    in_tests: bool = False
    cache_hits: int = 0
    cache_misses: int = 0
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """What is silenced, and why; "" matches everything. ``until``: the last day, as an ISO date."""

    kind: str = ""
    route: str = ""
    file: str = ""
    function: str = ""
    field: str = ""
    reason: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something is wrong; ``response_ms`` and ``queries`` stand instead of the operation's own."""

    n_plus_one: int = field(default=rules.N_PLUS_ONE_THRESHOLD)
    loop_calls_min: int = field(default=rules.LOOP_CALLS_MIN)
    slow_query_ns: int = field(default=rules.SLOW_QUERY_NS)
    polling_gap_ns: int = field(default=rules.POLLING_GAP_NS)
    response_ms: int | None = None
    queries: int | None = None


# ------------------------------------------------------------------------------------------------ hashes
def _number(data: bytes) -> int:
    """Return BLAKE2b-64; the first digest byte is the lowest."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def hash_lines(lines: list[str]) -> int:
    """Hash lines of text, joined by line ends."""
    return _number("\n".join(lines).encode("utf-8", "replace"))


def finding_id(fingerprint: int, identity: int) -> int:
    """Return the id of what a statement does wrong at a site; costs 1 µs."""
    return _number(fingerprint.to_bytes(8, "little") + identity.to_bytes(8, "little"))


# ------------------------------------------------------------------------------------------------- sites
def frames_of(site: Site) -> list[SiteFrame]:
    """Return the frames that count: the application's, or all if it has none."""
    return [frame for frame in site.frames if frame.application] or list(site.frames)


def judged_site(site: Site) -> JudgedSite:
    """Work out what a site says; texts count as they travel (PROTOCOL.md: cut at ``name_bytes_max``)."""
    frames = frames_of(site)
    template = _shown(site.template.name) if site.template else ""
    template_line = site.template.line if site.template else 0
    names = [_shown(text) for text in (site.view, site.serializer_field, site.admin_column, site.relation, site.path)]
    key = [f"{_shown(frame.file)}:{frame.line}:{_shown(frame.function)}" for frame in frames]
    identity = [f"{_shown(frame.module)}.{_shown(frame.function)}" for frame in frames]
    model, _, relation_field = site.relation.rpartition(".")
    return JudgedSite(
        site,
        hash_lines([*key, f"{template}:{template_line}", *names]),
        hash_lines([*identity, template, *names]),
        _place(site),
        model,
        relation_field,
    )


def _shown(text: str) -> str:
    return cut_text(text, NAME_BYTES_MAX)[0].decode("utf-8")


def _place(site: Site) -> Place:
    frame = next((frame for frame in site.frames if frame.application), SiteFrame("", 0, ""))
    return Place(
        file=frame.file,
        line=frame.line,
        function=frame.function,
        module=frame.module,
        template_name=site.template.name if site.template else "",
        template_line=site.template.line if site.template else 0,
        view=site.view,
        serializer_field=site.serializer_field,
        admin_column=site.admin_column,
    )


# ---------------------------------------------------------------------------------------------- statements
def statement_facts(normalised: str) -> StatementFacts:
    """Work out what a statement is, from its normalised text."""
    return StatementFacts(fingerprint_id(normalised), operation(normalised), tuple(targets(normalised)))


_statements: dict[tuple[str, str], StatementFacts] = {}
_sites: dict[Site, JudgedSite] = {}


def known_statement(text: str, vendor: str) -> StatementFacts:
    """Return the facts of raw SQL text, from the table if it is there."""
    facts = _statements.get((text, vendor))
    if facts is None:
        facts = UNKNOWN_STATEMENT
        if text:
            cut, _ = cut_text(text, STATEMENT_BYTES_MAX)
            facts = statement_facts(normalise(cut.decode("utf-8"), vendor))
        if len(_statements) >= ENTRIES_MAX:
            _statements.clear()
        _statements[text, vendor] = facts
    return facts


def known_site(site: Site) -> JudgedSite:
    """Return what a site says, from the table if it is there."""
    judged = _sites.get(site)
    if judged is None:
        judged = judged_site(site)
        if len(_sites) >= ENTRIES_MAX:
            _sites.clear()
        _sites[site] = judged
    return judged
