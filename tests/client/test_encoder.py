"""The encoder keeps ids from unit to unit, and never one that now stands for something else."""

from __future__ import annotations

import random

import pytest

from mercury_client.encoder import Encoder
from mercury_client.protocol import Definitions, FrameDecoder, FrameType, Site, SiteFrame, UnitKind, decode_unit
from mercury_client.statements import Statement
from mercury_client.unit import Unit
from support.fake_server import resolve


def unit(number: int, calls: list[tuple[str | Statement, str, Site | None]]) -> Unit:
    """Return a finished unit with calls of (text, alias, site)."""
    one = Unit(number, UnitKind.BLOCK, f"block {number % 7}", 0)
    for at, (text, alias, site) in enumerate(calls):
        one.record(text, alias, "sqlite", at, 1, 0, -1, site, at)
    one.seal(100)
    one.number = number
    return one


@pytest.mark.parametrize("ids", [40, 300, 700, 16384])
def test_what_is_encoded_is_what_was_recorded(ids: int) -> None:
    """With a dictionary that gives ids away all the time, for low ids to new aliases only, or never."""
    rng = random.Random(ids)
    texts = [f"SELECT {name} FROM t" for name in (f"a{number:04}" for number in range(600))]
    sites = [Site(frames=(SiteFrame("views.py", line, "f"),)) for line in range(50)]
    encoder = Encoder(ids)
    decoder = FrameDecoder()
    definitions = Definitions(ids)
    for number in range(1, 400):
        aliases = ["default", f"alias{number % 60}"]  # a new one needs a low id, which statements have by then
        calls = [
            (rng.choice(texts), rng.choice(aliases), rng.choice([None, *sites])) for _ in range(rng.randrange(1, 12))
        ]
        out = bytearray()
        encoder.encode(unit(number, calls), out)
        for frame in decoder.feed(bytes(out)):
            if frame.type == FrameType.DEFINE:
                definitions.apply(frame.payload)
            else:
                seen = resolve(decode_unit(frame.payload), definitions)
        found = [
            (text, alias, None if site is None else Site.decode(site.data))
            for text, alias, site in zip(seen.statements, seen.aliases, seen.sites, strict=True)
        ]
        assert found == calls, number


def test_texts_that_are_made_anew_are_not_kept_for_ever() -> None:
    """The client forgets old texts and makes them anew as other objects; the dictionary knows them by their text."""
    encoder = Encoder(16384)
    for number in range(1, 60):
        anew = [(Statement(f"SELECT {at}"), "default", None) for at in range(100)]
        encoder.encode(unit(number, anew), bytearray())
    assert len(encoder._dictionary) < 120
    assert len(encoder._kept.statements) <= len(encoder._dictionary) + 1000 + 100
