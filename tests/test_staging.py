"""One run at a time, and nothing left behind."""

from __future__ import annotations

import pytest

from cartanalysis.errors import InputError
from cartanalysis.publish.staging import staging_for


def test_staging_is_gone_afterwards(tmp_path):
    with staging_for(tmp_path / "deep" / "site") as folder:
        assert folder.parent == tmp_path / "deep"
        (folder / "x").write_text("x")
    assert list((tmp_path / "deep").iterdir()) == []


def test_staging_is_gone_after_an_interrupt(tmp_path):
    with pytest.raises(KeyboardInterrupt), staging_for(tmp_path / "site"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_refused(tmp_path):
    with (
        staging_for(tmp_path / "site"),
        pytest.raises(InputError, match="another run"),
        staging_for(tmp_path / "site"),
    ):
        pass


def test_leftovers_of_a_killed_run_are_cleared(tmp_path):
    stale = tmp_path / ".site.staging-abc"
    stale.mkdir()
    (stale / "half").write_text("half")
    with staging_for(tmp_path / "site"):
        assert not stale.exists()


def test_a_parent_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with (
        pytest.raises(InputError, match="cannot be written"),
        staging_for(tmp_path / "file" / "site"),
    ):
        pass
