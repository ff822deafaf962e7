"""The client's dictionary against what the daemon would resolve.

The model is the contract itself: a daemon that applies every DEFINE that was written before a unit must
resolve each id of that unit to what the client meant, whatever was evicted in between.
"""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mercury_client.errors import ProtocolError
from mercury_client.limits import ALIAS_ID_MAX, NAME_BYTES_MAX, SITE_BYTES_MAX, STATEMENT_BYTES_MAX
from mercury_client.protocol import (
    Definition,
    Definitions,
    Dictionary,
    FrameDecoder,
    Kind,
    Site,
    SiteFrame,
    Vendor,
)

# What a unit names: (kind, text). Few texts, so that they meet again, and more of them than there are ids.
a_name = st.tuples(st.sampled_from(Kind), st.sampled_from(string.ascii_lowercase[:12]))
some_units = st.lists(st.lists(a_name, max_size=14), max_size=12)


def ask(dictionary: Dictionary, kind: Kind, text: str) -> int:
    """Ask for an id as the encoder does."""
    if kind is Kind.STATEMENT:
        return dictionary.statement(text, Vendor.SQLITE)
    if kind is Kind.SITE:
        return dictionary.site(Site(view=text))
    if kind is Kind.ALIAS:
        return dictionary.alias(text, Vendor.SQLITE)
    return dictionary.route(text) if kind is Kind.ROUTE else dictionary.cache(text)


def apply(definitions: Definitions, data: bytes) -> list[Definition]:
    """Do what the daemon does with the bytes before a unit."""
    return [definitions.apply(frame.payload) for frame in FrameDecoder().feed(data)]


def meaning(entry: Definition | None) -> str | None:
    if entry is None:
        return None
    return Site.decode(entry.data).view if entry.kind is Kind.SITE else entry.text


@settings(max_examples=400)
@given(some_units, st.integers(1, 20))
def test_every_id_of_a_unit_means_what_the_client_meant(units: list[list[tuple[Kind, str]]], ids_max: int) -> None:
    """Ids stay right through eviction; within one unit nothing that it named is evicted."""
    dictionary = Dictionary(ids_max)
    definitions = Definitions(ids_max)
    for unit in units:
        dictionary.begin_unit()
        ids = [(kind, text, ask(dictionary, kind, text)) for kind, text in unit]
        apply(definitions, dictionary.take_definitions())
        distinct = len(set(unit))
        named = {(kind, text) for kind, text, id in ids if id}
        assert len(named) == min(distinct, ids_max)
        for kind, text, id in ids:
            assert meaning(definitions.resolve(id, kind)) == (text if id else None)
            assert 0 <= id <= ids_max
        assert len(dictionary) <= ids_max


@given(some_units)
def test_who_was_not_used_for_the_longest_time_makes_room(units: list[list[tuple[Kind, str]]]) -> None:
    """A reference that keeps the last use of everything evicts only what no later unit has used."""
    ids_max = 6
    dictionary = Dictionary(ids_max)
    definitions = Definitions(ids_max)
    held: dict[int, tuple[Kind, str | None]] = {}
    last_use: dict[tuple[Kind, str | None], int] = {}
    for turn, unit in enumerate(units, 1):
        dictionary.begin_unit()
        named = {(kind, text) for kind, text in unit if ask(dictionary, kind, text)}
        written = apply(definitions, dictionary.take_definitions())
        assert len({entry.id for entry in written}) == len(written)
        evicted = {held[entry.id] for entry in written if entry.id in held}
        held |= {entry.id: (entry.kind, meaning(entry)) for entry in written}
        kept = set(held.values()) - named
        assert all(last_use[old] <= last_use[other] for old in evicted for other in kept)
        last_use |= dict.fromkeys(named, turn)


def test_a_text_travels_once() -> None:
    """The second unit writes nothing."""
    dictionary = Dictionary()
    dictionary.begin_unit()
    first = dictionary.statement("SELECT 1", Vendor.POSTGRESQL)
    assert len(FrameDecoder().feed(dictionary.take_definitions())) == 1
    dictionary.begin_unit()
    assert dictionary.statement("SELECT 1", Vendor.POSTGRESQL) == first
    assert dictionary.take_definitions() == b""


def test_the_same_text_of_another_kind_or_vendor_is_another_entry() -> None:
    """An alias and a cache called default, and one statement on two databases."""
    dictionary = Dictionary()
    ids = {
        dictionary.alias("default", Vendor.SQLITE),
        dictionary.alias("default", Vendor.MYSQL),
        dictionary.cache("default"),
        dictionary.route("default"),
        dictionary.statement("default", Vendor.SQLITE),
        dictionary.statement("default", Vendor.MYSQL),
    }
    assert ids == {1, 2, 3, 4, 5, 6}


def test_nothing_has_the_id_0() -> None:
    """None and empty texts mean: not there."""
    dictionary = Dictionary()
    assert [dictionary.site(None), dictionary.route(""), dictionary.cache(""), dictionary.statement("")] == [0] * 4
    assert dictionary.take_definitions() == b""


@pytest.mark.parametrize("aliases", [1, ALIAS_ID_MAX])
def test_an_alias_gets_a_low_id_when_others_hold_them_all(aliases: int) -> None:
    """A record has eight bits for its alias, so others make room below 256."""
    dictionary, definitions = Dictionary(), Definitions()
    dictionary.begin_unit()
    for number in range(300):
        dictionary.statement(f"SELECT {number}")
    apply(definitions, dictionary.take_definitions())
    dictionary.begin_unit()
    ids = [dictionary.alias(f"alias {number}") for number in range(aliases)]
    apply(definitions, dictionary.take_definitions())
    assert sorted(ids) == sorted(set(ids))
    assert all(1 <= id <= ALIAS_ID_MAX for id in ids)
    assert [meaning(definitions.resolve(id, Kind.ALIAS)) for id in ids] == [f"alias {n}" for n in range(aliases)]


def test_one_alias_too_many_gets_the_id_0() -> None:
    """The 256th alias of one unit has no room; in the next unit it takes the place of the oldest."""
    dictionary = Dictionary()
    dictionary.begin_unit()
    assert all(dictionary.alias(f"alias {number}") for number in range(ALIAS_ID_MAX))
    assert dictionary.alias("one more") == 0
    dictionary.begin_unit()
    assert 1 <= dictionary.alias("one more") <= ALIAS_ID_MAX


def test_an_alias_takes_the_low_id_that_was_unused_the_longest() -> None:
    """The statement of the unit at hand stays; another alias stays while a statement can go."""
    dictionary, definitions = Dictionary(), Definitions()
    dictionary.begin_unit()
    first_alias = dictionary.alias("default")
    for number in range(ALIAS_ID_MAX - 1):
        dictionary.statement(f"SELECT {number}")
    dictionary.begin_unit()
    in_use = [dictionary.statement(f"SELECT {number}") for number in range(ALIAS_ID_MAX - 2)]
    replica = dictionary.alias("replica")
    apply(definitions, dictionary.take_definitions())
    assert replica not in [first_alias, *in_use]
    assert meaning(definitions.resolve(replica, Kind.ALIAS)) == "replica"
    assert meaning(definitions.resolve(first_alias, Kind.ALIAS)) == "default"


@pytest.mark.parametrize(
    ("kind", "bytes_max"),
    [
        (Kind.STATEMENT, STATEMENT_BYTES_MAX),
        (Kind.ROUTE, NAME_BYTES_MAX),
        (Kind.ALIAS, NAME_BYTES_MAX),
        (Kind.CACHE, NAME_BYTES_MAX),
    ],
)
@pytest.mark.parametrize("letter", ["x", "é", "☕", "😀"])
def test_a_text_over_its_limit_is_cut_between_characters(kind: Kind, bytes_max: int, letter: str) -> None:
    """At the limit a text is whole; beyond, it says that it was cut, and is still UTF-8."""
    size = len(letter.encode())
    dictionary = Dictionary()
    ask(dictionary, kind, letter * (bytes_max // size))
    ask(dictionary, kind, letter * (bytes_max // size) + letter)
    whole, cut = (Definition.decode(frame.payload) for frame in FrameDecoder().feed(dictionary.take_definitions()))
    assert (whole.text, whole.cut) == (letter * (bytes_max // size), False)
    assert (cut.text, cut.cut) == (letter * (bytes_max // size), True)


def test_texts_that_differ_after_the_cut_only_are_one_entry() -> None:
    """The daemon could not tell them apart, and the dictionary must not hold their megabytes."""
    dictionary = Dictionary()
    text = "SELECT " + "1," * STATEMENT_BYTES_MAX
    assert dictionary.statement(text + "2") == dictionary.statement(text + "3")


def test_a_text_that_is_no_unicode_travels_with_question_marks() -> None:
    """File names may hold lone surrogates; nothing raises."""
    dictionary = Dictionary()
    dictionary.route("caf\udce9/")
    (frame,) = FrameDecoder().feed(dictionary.take_definitions())
    assert Definition.decode(frame.payload).text == "caf?/"


def test_a_site_over_its_limit_loses_its_outermost_frames() -> None:
    """What matters most comes first: the innermost frames and the fields stay; the entry says it was cut."""
    frames = tuple(SiteFrame("/srv/" + "d" * 400, line, "f" * 200, "m" * 200, True) for line in range(64))
    dictionary = Dictionary()
    dictionary.site(Site(frames=frames, view="shop.views.index", relation="shop.Order.customer"))
    (frame,) = FrameDecoder().feed(dictionary.take_definitions())
    entry = Definition.decode(frame.payload)
    site = Site.decode(entry.data)
    assert entry.cut
    assert SITE_BYTES_MAX - 1000 < len(entry.data) <= SITE_BYTES_MAX
    assert 1 < len(site.frames) < 64
    assert site.frames == frames[: len(site.frames)]
    assert (site.view, site.relation) == ("shop.views.index", "shop.Order.customer")


def test_a_site_of_the_longest_texts_fits() -> None:
    """Every text is cut at name_bytes_max, so one frame always fits."""
    long = "x" * 5000
    site = Site(
        frames=(SiteFrame(long, 2**40, long, long),),
        view=long,
        serializer_field=long,
        admin_column=long,
        operation=long,
        relation=long,
        flags=3,
    )
    data, cut = site.encode()
    decoded = Site.decode(data)
    assert cut
    assert decoded.frames == (SiteFrame("x" * NAME_BYTES_MAX, 2**32 - 1, "x" * NAME_BYTES_MAX, "x" * NAME_BYTES_MAX),)
    assert (decoded.relation, decoded.flags) == ("x" * NAME_BYTES_MAX, 3)


def test_definitions_that_were_not_taken_stand_before_the_next_unit() -> None:
    """A unit that could not be encoded leaves its definitions; they are still right for the next one."""
    dictionary, definitions = Dictionary(2), Definitions(2)
    dictionary.begin_unit()
    dictionary.route("a")
    dictionary.route("b")
    dictionary.begin_unit()
    id = dictionary.route("c")
    apply(definitions, dictionary.take_definitions())
    assert meaning(definitions.resolve(id, Kind.ROUTE)) == "c"


def test_the_reader_refuses_what_the_contract_forbids() -> None:
    """An id that is not there, an id of another kind, and id 0 as nothing."""
    definitions = Definitions()
    definitions.apply(Definition(1, Kind.ROUTE, b"a").encode()[8:])
    assert definitions.resolve(0, Kind.SITE) is None
    for id, kind, code in ((2, Kind.ROUTE, "id_unknown"), (1, Kind.SITE, "id_kind")):
        with pytest.raises(ProtocolError) as caught:
            definitions.resolve(id, kind)
        assert caught.value.code == code
