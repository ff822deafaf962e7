"""All rows, theme by theme."""

from __future__ import annotations

from ground_truth.row import Row
from ground_truth.rows import admin, api, asynchronous, benign, jobs, lookups, managers, pages, paths, relations

ROWS: tuple[Row, ...] = (
    *relations.ROWS, *managers.ROWS, *lookups.ROWS, *paths.ROWS, *pages.ROWS, *api.ROWS, *admin.ROWS,
    *asynchronous.ROWS, *jobs.ROWS, *benign.ROWS,
)  # fmt: skip
BY_ID = {row.id: row for row in ROWS}
assert len(BY_ID) == len(ROWS), "two rows have one id"
