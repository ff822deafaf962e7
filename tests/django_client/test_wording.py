"""Words that reports share: how a path is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from django_mercury.wording import short_path


def test_a_path_is_shown_from_the_present_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after the directory changed: what is remembered is of one directory."""
    file = str(tmp_path / "shop" / "views.py")
    monkeypatch.chdir(tmp_path)
    assert short_path(file) == "shop/views.py"
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    assert short_path(file) == "views.py"
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert short_path(file) == file
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    assert short_path(file) == file
