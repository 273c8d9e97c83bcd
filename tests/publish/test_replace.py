"""A finished site replaces the old one in one step."""

from __future__ import annotations

import pytest

from cartanalysis.publish import places


@pytest.mark.parametrize("exchange", [True, False])
def test_replace(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(places, "_exchange", lambda *_: False)
    old, new = tmp_path / "site", tmp_path / "new"
    old.mkdir()
    (old / "gone.html").write_text("old")
    new.mkdir()
    (new / "index.html").write_text("new")
    places.replace_folder(new, old)
    assert [p.name for p in old.iterdir()] == ["index.html"]
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


def test_first_time(tmp_path):
    new = tmp_path / "new"
    new.mkdir()
    places.replace_folder(new, tmp_path / "site")
    assert (tmp_path / "site").is_dir()
