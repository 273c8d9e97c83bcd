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


def test_what_passes_by_the_study_is_left_out_whatever_it_is(tmp_path):
    ways = {way: hostile.WAYS[way] for way in hostile.RAW} | hostile.ALONE
    stops = ways.pop("raises")
    found, said = hostile.attack(tmp_path, ways, rows=False)
    assert said.startswith("exit 0"), said
    assert found == {}
    (tmp_path / "again").mkdir()
    found, said = hostile.attack(tmp_path / "again", {"raises": stops}, rows=False)
    assert said.startswith("exit 1"), said
    assert found == {}
