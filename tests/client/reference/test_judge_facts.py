"""Facts of statements and sites: worked out once, kept in tables that stay small."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from mercury_client import reference
from mercury_client.limits import NAME_BYTES_MAX, STATEMENT_BYTES_MAX
from mercury_client.protocol import Site, SiteFrame, TemplateLine
from mercury_client.reference import facts
from mercury_client.reference.facts import UNKNOWN_STATEMENT, judged_site, known_site, known_statement

APPLICATION = SiteFrame("/a.py", 1, "f", "m", True)
LIBRARY = SiteFrame("/lib.py", 2, "g", "lib", False)


def number(text: str) -> int:
    """Return BLAKE2b-64, the first digest byte lowest."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def test_site_is_hashed_as_the_page_says() -> None:
    """Key and identity are those lines, joined by line ends."""
    site = Site((LIBRARY, APPLICATION), TemplateLine("t.html", 7), "v", "s", "c", "get", "shop.A.b", path="p")
    judged = judged_site(site)
    assert judged.key == number("/a.py:1:f\nt.html:7\nv\ns\nc\nshop.A.b\np")
    assert judged.identity == number("m.f\nt.html\nv\ns\nc\nshop.A.b\np")
    assert (judged.model, judged.field) == ("shop.A", "b")


def test_library_frames_count_only_alone() -> None:
    """They are part of the key where there are no others, and never a place."""
    judged = judged_site(Site((LIBRARY,)))
    assert judged.key == number("/lib.py:2:g\n:0\n\n\n\n\n")
    assert judged.identity == number("lib.g\n\n\n\n\n\n")
    assert (judged.place.file, judged.place.line, judged.place.function, judged.place.module) == ("", 0, "", "")


@pytest.mark.parametrize("text", ["n" * (NAME_BYTES_MAX + 1), "\ud800"])
def test_texts_of_a_site_count_as_they_travel(text: str) -> None:
    """The daemon, which gets them cut and without lone surrogates, comes to the same hashes."""
    site = Site((APPLICATION,), TemplateLine(text, 1), text, relation=text)
    travelled = Site.decode(site.encode()[0])
    assert (judged_site(site).key, judged_site(site).identity) == (
        judged_site(travelled).key,
        judged_site(travelled).identity,
    )


def test_long_statement_counts_as_it_travels() -> None:
    """What is cut off on the wire changes no fingerprint."""
    text = "SELECT " + "a" * STATEMENT_BYTES_MAX
    assert known_statement(text, "sqlite") == known_statement(text[:STATEMENT_BYTES_MAX], "sqlite")


def test_unknown_statement_has_no_fingerprint() -> None:
    """An empty text is what a unit had no room for."""
    assert known_statement("", "sqlite") == UNKNOWN_STATEMENT


def test_facts_are_kept() -> None:
    """The same text, or an equal site, is worked out once."""
    assert known_statement("SELECT 1 FROM a", "mysql") is known_statement("SELECT 1 FROM a", "mysql")
    assert known_site(Site((APPLICATION,))) is known_site(Site((APPLICATION,)))


def test_tables_start_over_when_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the bound they hold that many; one more empties them first."""
    monkeypatch.setattr(facts, "ENTRIES_MAX", 3)
    monkeypatch.setattr(facts, "_statements", {})
    monkeypatch.setattr(facts, "_sites", {})
    sizes = []
    for at in range(4):
        known_statement(f"SELECT a{at}", "")
        known_site(Site(view=str(at)))
        sizes.append((len(facts._statements), len(facts._sites)))
    assert sizes == [(1, 1), (2, 2), (3, 3), (1, 1)]


def test_everything_public_is_there() -> None:
    """Each name of __all__ exists."""
    assert all(hasattr(reference, name) for name in reference.__all__)
