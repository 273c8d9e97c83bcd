"""The package's own functions tell no day and no single patient, whatever they are asked."""

from __future__ import annotations

import pytest

from attacks import cohorts, front_door
from cartanalysis.chapter.study import Study


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    truth = cohorts.draw(0, 40)
    path = cohorts.write(truth, tmp_path_factory.mktemp("door") / "c.csv")
    return truth, Study("one", str(path), min_cell=5)


def test_days_are_no_measurement_with_quantiles(cohort):
    assert front_door.quantiles(cohort[1]) == set()


def test_a_registry_of_ones_own_reads_no_curve(cohort):
    truth, study = cohort
    death = cohorts.event_days(truth, "os")[8]
    assert front_door.forged_day(study, range(death - 1, death + 1)) == set()


def test_landmarks_tell_no_day_and_no_few(cohort):
    assert front_door.stacked_landmarks(cohort[1]) == set()
    assert front_door.landmark_sizes(cohort[1]) == []


def test_nobody_is_grouped_by_day_or_identifier(cohort):
    assert front_door.by_days(cohort[1]) == []
