"""Measure blocks, tests and test runs, and fail when they are slow: ``monitor()``, test cases, plugin, reports.

Nothing here is imported by a site. README.md in this folder says where to start.
"""
