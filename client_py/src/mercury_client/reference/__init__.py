"""The verdict on a unit of work in pure Python: the twin of the daemon's engine, used without a daemon.

``judge`` takes finished units as the recorder keeps them, ``judge_queries`` facts from anywhere; both give a
``Verdict``. What is judged, and how, is in ``proto/VERDICTS.md``.
"""

from .facts import (
    IgnoreRule,
    JudgedSite,
    Query,
    StatementFacts,
    Thresholds,
    UnitFacts,
    judged_site,
    known_site,
    known_statement,
    statement_facts,
)
from .judge import judge, judge_queries
from .verdict import Edit, Finding, GroupCount, Place, Points, Score, Source, Suggestion, Verdict

__all__ = [
    "Edit",
    "Finding",
    "GroupCount",
    "IgnoreRule",
    "JudgedSite",
    "Place",
    "Points",
    "Query",
    "Score",
    "Source",
    "StatementFacts",
    "Suggestion",
    "Thresholds",
    "UnitFacts",
    "Verdict",
    "judge",
    "judge_queries",
    "judged_site",
    "known_site",
    "known_statement",
    "statement_facts",
]
