"""``python -m django_mercury report|check``: merge the JSON reports of several runs, write other forms, and decide.

::

    python -m django_mercury report shard1.json shard2.json --html report.html --json merged.json
    python -m django_mercury check  shard1.json shard2.json --fail-on n_plus_one --baseline mercury.baseline

``report`` exits 0. ``check`` exits 1 where a gate says so. 2: the arguments or a file are wrong. Imports no Django.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the two commands; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m django_mercury", description="Merge and judge reports of test runs."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("report", "merge reports and write them in other forms"),
        ("check", "fail where a gate says so"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("files", nargs="+", metavar="FILE.json", help="reports of one run, of shards, of repeats")
        command.add_argument("--html", metavar="FILE")
        command.add_argument("--json", metavar="FILE")
        command.add_argument("--sarif", metavar="FILE")
        command.add_argument("--github", action="store_true", help="print annotations for GitHub Actions")
        command.add_argument("--format", default="line", metavar="VOICE", help="lesson, line (default) or json")
        if name == "check":
            command.add_argument("--fail-on", action="append", metavar="KIND[:LEVEL]", help="default: n_plus_one:fail")
            command.add_argument("--baseline", metavar="FILE", default="")
            command.add_argument("--update-baseline", action="store_true")
    options = parser.parse_args(argv)
    try:
        return _run(options)
    except (OSError, ValueError) as error:
        print(f"python -m django_mercury: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    from .testing.merge import merged
    from .testing.run import Run, options_from, write

    check = options.command == "check"
    fail_on = (
        (options.fail_on or ([] if options.baseline else ["n_plus_one:fail", "query_in_loop:fail"])) if check else []
    )
    run = Run(
        options_from(
            reports=[path for path in (options.html, options.json, options.sarif) if path],
            fail_on=fail_on,
            voice=options.format,
            baseline=options.baseline if check else "",
            update_baseline=check and options.update_baseline,
            github=options.github,
        )
    )
    documents = [_read(path) for path in options.files]
    run.judge(merged(documents), _repeats(documents, merged))
    write(run.text())
    return 1 if run.faults and check else 2 if run.faults else 0


def _repeats(documents: list[dict[str, Any]], merged: Any) -> list[dict[str, Any]]:
    """Return a document for each repeat: files with the same tests are repeats, others are shards of one."""
    groups: list[tuple[set[str], list[dict[str, Any]]]] = []
    for one in documents:
        ids = {test["id"] for test in one["tests"]}
        for seen, group in groups:
            if not seen & ids:
                seen |= ids
                group.append(one)
                break
        else:
            groups.append((ids, [one]))
    return [merged(group) for _, group in groups]


def _read(path: str) -> dict[str, Any]:
    from .testing.merge import checked_document

    with open(path, encoding="utf-8") as file:
        try:
            return checked_document(json.load(file), path)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} is no JSON: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
