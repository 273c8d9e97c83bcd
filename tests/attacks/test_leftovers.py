"""A killed run leaves no patient's row beside the site, and the next run leaves none anywhere."""

from __future__ import annotations

from attacks import leftovers


def test_a_killed_run_leaves_no_rows(tmp_path):
    found = leftovers.attack(tmp_path)
    assert found["beside the site"] == []
    assert found["readable by others"] == []
    assert found["after the next run"] == []
