"""Tell whether a finding is silenced, and for what reason (VERDICTS.md §6)."""

from __future__ import annotations

from collections.abc import Sequence

from .facts import IgnoreRule, JudgedSite, frames_of

__all__ = ["reason_to_ignore"]


def reason_to_ignore(kind: str, route: str, site: JudgedSite | None, ignore: Sequence[IgnoreRule], today: str) -> str:
    """Return the reason of the site, or else of the first rule that matches; "" if none does."""
    own_kind, _, reason = site.site.ignore.partition("|") if site else ("", "", "")
    if reason and own_kind in ("", kind):
        return reason
    return next((rule.reason for rule in ignore if _matches(rule, kind, route, site, today)), "")


def _matches(rule: IgnoreRule, kind: str, route: str, site: JudgedSite | None, today: str) -> bool:
    if rule.kind not in ("", kind) or rule.route not in ("", route):
        return False
    if rule.until and rule.until < today:
        return False
    if not (rule.file or rule.function or rule.field):
        return True
    if site is None:
        return False
    frames = frames_of(site.site)
    if rule.file and not any(frame.file == rule.file or frame.file.endswith("/" + rule.file) for frame in frames):
        return False
    if rule.function and all(frame.function != rule.function for frame in frames):
        return False
    return rule.field in ("", site.site.relation, site.field, site.site.serializer_field)
