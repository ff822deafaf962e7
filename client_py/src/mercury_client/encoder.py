"""Turn finished units into the bytes of one connection: DEFINEs for what is new there, then the UNIT.

Runs in the flusher, long after the queries; a unit may be encoded again after a re-connection, so nothing is
changed in it.
"""

from __future__ import annotations

from .masking import masked
from .protocol import (
    ALIAS_SHIFT,
    DURATION_NS_MAX,
    FLAGS_SHIFT,
    START_NS_MAX,
    CacheEntry,
    Dictionary,
    RecordFlags,
    Sections,
    TemplateTime,
    UnitFlags,
    UnitHeader,
    Vendor,
    WireRecord,
    encode_unit,
    pack_records,
)
from .statements import OVERFLOW, Statement
from .unit import Unit

__all__ = ["Encoder"]

_ROWS_MAX = 0x7FFF_FFFF
_U32_MAX = 0xFFFF_FFFF
_CONTROL = int(RecordFlags.TRANSACTION_CONTROL) << FLAGS_SHIFT
_SUMMARY = int(RecordFlags.SUMMARY) << FLAGS_SHIFT
_STALE_MAX = 1000
# Plain numbers: to combine two flags of an enumeration costs 1 µs.
_MORE_PARTS = int(UnitFlags.MORE_PARTS)
_FAILED = int(UnitFlags.FAILED)
_FOLDED = int(UnitFlags.FOLDED)
_STREAMED = int(UnitFlags.STREAMED)
_REPORT_WANTED = int(UnitFlags.REPORT_WANTED)
_QUERY_FLAGS = int(RecordFlags.MANY | RecordFlags.FAILED | RecordFlags.IN_TRANSACTION)


class Encoder:
    """Encode for one connection, whose dictionary it owns; for the thread that writes there."""

    def __init__(self, dictionary_max: int) -> None:
        self._dictionary = Dictionary(dictionary_max, masked)
        self._vendors: dict[str, Vendor] = {}
        self._kept = _Kept()

    def encode(self, unit: Unit, out: bytearray) -> None:
        """Append the frames of ``unit`` to ``out``; raise ProtocolError if the UNIT cannot be written.

        The DEFINEs are appended in any case: the dictionary holds them as written.
        """
        self._dictionary.begin_unit()
        try:
            frame = self._encode(unit)
        finally:
            out += self._dictionary.take_definitions()
        out += frame

    def _encode(self, unit: Unit) -> bytes:
        dictionary = self._dictionary
        rows = _UnitRows(unit.start_ns, dictionary, self._vendors, self._kept)
        rows.add_aliases(unit)
        # Every statement and site of the unit may be new, and none of them may cost another one its id.
        has_room = dictionary.has_room(2 * (unit.count + len(unit.groups or ())) + len(unit.caches or ()))
        kept = self._kept
        # More than the dictionary has: of texts and sites that are gone, and were made anew since.
        is_stale = len(kept.statements) + len(kept.sites) > len(dictionary) + _STALE_MAX
        if not has_room or is_stale or kept.given_again != dictionary.given_again:
            self._kept = rows.kept = _Kept(dictionary.given_again)
        rows.add_records(unit)
        rows.add_groups(unit)
        sections = self._sections(unit).encode()
        return encode_unit(self._header(unit), pack_records(rows.rows), len(rows.rows), sections)

    def _header(self, unit: Unit) -> UnitHeader:
        flags = _MORE_PARTS if unit.more else 0
        if unit.failed:
            flags |= _FAILED
        if unit.groups:
            flags |= _FOLDED
        if unit.streamed:
            flags |= _STREAMED
        if unit.report:
            flags |= _REPORT_WANTED
        return UnitHeader(
            number=unit.number,
            unit_id=unit.id,
            parent_id=unit.parent_id,
            start_ns=unit.start_ns,
            duration_ns=unit.duration_ns,
            first_byte_ns=max(0, unit.first_byte_ns),
            db_ns=unit.db_ns,
            queries=unit.queries,
            descendant_queries=unit.descendant_queries,
            descendant_db_ns=unit.descendant_db_ns,
            descendant_units=min(unit.descendant_units, _U32_MAX),
            name=self._dictionary.route(unit.name),
            status=unit.status,
            kind=unit.kind,
            method=unit.method,
            flags=flags,
            operation=unit.operation,
            part=unit.part,
            failed_queries=min(unit.failed_queries, _U32_MAX),
        )

    def _sections(self, unit: Unit) -> Sections:
        caches = [
            CacheEntry(id, *counts)
            for alias, counts in list((unit.caches or {}).items())  # a late thread may count on
            if (id := self._dictionary.cache(alias))
        ]
        template = TemplateTime(unit.template_ns, unit.template_count) if unit.template_count else None
        cpu_ns = unit.cpu_ns if unit.cpu_ns >= 0 else None
        nonce = unit.report or None
        return Sections(cache=tuple(caches), template=template, cpu_ns=cpu_ns, exception=unit.exception, nonce=nonce)


class _Kept:
    """Ids that were looked up once, for units repeat each other; good for as long as no id is given to another text.

    What is kept is not used in the dictionary's eyes, so nothing may be kept where it might give ids away: where it
    is nearly full, and for an alias, which needs a low id. Hence a unit's aliases are asked for before all else.
    """

    def __init__(self, given_again: int = 0) -> None:
        self.given_again = given_again  # of the dictionary
        self.statements: dict[tuple[Statement, str], int] = {}
        self.sites: dict[int, tuple[int, object]] = {}  # by id() of the site, which is kept alive here


class _UnitRows:
    """The records of one unit as rows."""

    def __init__(self, start_ns: int, dictionary: Dictionary, vendors: dict[str, Vendor], kept: _Kept) -> None:
        self.rows: list[WireRecord] = []
        self.kept = kept  # may be replaced after the aliases, see _Kept
        self._start_ns = start_ns
        self._dictionary = dictionary
        self._vendors = vendors
        self._aliases: dict[tuple[str, str], int] = {}  # id << ALIAS_SHIFT

    def add_aliases(self, unit: Unit) -> None:
        for record in unit.records[: unit.count]:
            self._alias(record[1], record[2])
        for key in unit.groups or ():
            if key is not None:
                self._alias(key[1], key[2])

    def add_records(self, unit: Unit) -> None:
        records = unit.records[: unit.count]
        append = self.rows.append
        find_statement, find_site = self.kept.statements.get, self.kept.sites.get
        unit_start_ns = self._start_ns
        for statement, alias, vendor, start_ns, duration_ns, flags, rows, site, ordinal in records:
            statement_id = find_statement((statement, vendor))
            if statement_id is None:
                statement_id = self._statement(statement, vendor)
            site_id = 0
            if site is not None:
                known = find_site(id(site))
                site_id = known[0] if known is not None else self._site(site)
            at = start_ns - unit_start_ns
            if not 0 <= at <= START_NS_MAX:
                at = self._start(start_ns)
            if not 0 <= duration_ns <= DURATION_NS_MAX:
                duration_ns = min(max(duration_ns, 0), DURATION_NS_MAX)
            if flags:
                duration_ns |= (flags & _QUERY_FLAGS) << FLAGS_SHIFT
            append((
                statement_id,
                site_id,
                ordinal if 0 <= ordinal <= _U32_MAX else 0,
                rows if rows.__class__ is int and -1 <= rows <= _ROWS_MAX else -1,
                at | self._aliases[alias, vendor],
                duration_ns | _CONTROL if statement.control else duration_ns,
            ))  # fmt: skip

    def add_groups(self, unit: Unit) -> None:
        groups = (unit.groups or {}).items()
        for key, group in groups:
            statement_id = site_id = alias = control = 0
            if key is not None:
                statement_id = self._statement(key[0], key[2])
                site_id = self._site(key[3]) if key[3] is not None else 0
                alias = self._aliases[key[1], key[2]]
                control = _CONTROL if key[0].control else 0
            rows = group.rows if group.rows <= _ROWS_MAX else -1
            duration = min(max(group.duration_ns, 0), DURATION_NS_MAX) | _SUMMARY | control
            self.rows.append(
                (
                    statement_id,
                    site_id,
                    min(group.calls, _U32_MAX),
                    rows,
                    self._start(group.start_ns) | alias,
                    duration,
                )
            )

    def _start(self, start_ns: int) -> int:
        return min(max(start_ns - self._start_ns, 0), START_NS_MAX)

    def _alias(self, alias: str, vendor: str) -> None:
        if (alias, vendor) not in self._aliases:
            self._aliases[alias, vendor] = self._dictionary.alias(alias, self._vendor(vendor)) << ALIAS_SHIFT

    def _vendor(self, name: str) -> Vendor:
        vendor = self._vendors.get(name)
        if vendor is None:
            vendor = self._vendors[name] = Vendor.named(name)
        return vendor

    def _statement(self, statement: Statement, vendor: str) -> int:
        id = 0 if statement is OVERFLOW else self._dictionary.statement(statement.text, self._vendor(vendor))
        self.kept.statements[statement, vendor] = id
        return id

    def _site(self, site: object) -> int:
        site_id = self._dictionary.site(site)  # type: ignore[arg-type]  # Unit.record takes any; a wrong one fails here, guarded
        self.kept.sites[id(site)] = site_id, site
        return site_id
