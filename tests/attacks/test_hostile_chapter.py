"""Nothing of a patient's row gets out of a chapter that shows it in every way a cell can."""

from __future__ import annotations

import pytest

from attacks import hostile


@pytest.fixture(scope="module")
def got_through(tmp_path_factory) -> dict[str, set[str]]:
    found, said = hostile.attack(tmp_path_factory.mktemp("hostile"), hostile.WAYS)
    assert said.startswith("exit 0"), said
    return found


@pytest.mark.parametrize("way", hostile.WAYS)
def test_a_cell_that(way, got_through):
    assert sorted(got_through.get(way, [])) == []


def test_a_run_that_stops_leaves_no_row_either(tmp_path):
    for way, cell in hostile.ALONE.items():
        folder = tmp_path / way.replace(" ", "-")
        folder.mkdir()
        found, _ = hostile.attack(folder, {way: cell})
        assert found == {}, way
