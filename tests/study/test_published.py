"""The registry: what is published, and what follows from it."""

from __future__ import annotations

from importlib import resources

import pytest

from cartanalysis.claims import registry
from cartanalysis.errors import InputError
from cartanalysis.stats import percentages
from cartanalysis.study import derivations, published
from cartanalysis.study.derivations import DERIVATIONS

TEXT = (resources.files("cartanalysis.study") / "published.yml").read_text(encoding="utf-8")

# as printed in An et al. 2020 (abstract; opening of the results)
PRINTED = {
    "accrual": "November 2015 to May 2019",
    "screened": "72",
    "enrolled": "51",
    "orr": "80.9 %",
    "os_1y": "53.0 %",
    "rfs_1y": "45.0 %",
    "os_median": "415.0 days",
    "rfs_median": "319.0 days",
    "ae_grade4": "6.4 %",
    "orr_emd_other": "28.6 %",
}


@pytest.mark.parametrize("key", PRINTED)
def test_published_values_read_as_printed(key):
    entry = published.load()[key]
    assert (entry.text, entry.evidence) == (PRINTED[key], "P")
    assert "Abstract" in entry.place or "Results" in entry.place


def test_values_of_other_publications_read_as_printed():
    registry = published.load()
    found = {e.id: e.text for e in registry.select(evidence="S") if e.value is not None}
    # J Clin Med 2023;12:6883, Table 1
    assert found == {
        "infused_reported": "47",
        "age_median": "22 years",
        "mrd_negative_cr": "79 %",
        "crs_any": "83 %",
        "crs_ge3": "23.4 %",
        "icans_any": "4.3 %",
        "icans_ge3": "2.1 %",
    }
    assert len(registry.select(evidence="S")) == 11
    assert registry["infused_reported"].value == registry["infused"].value
    # 47 is the only number from 10 to 93 for which all five percentages are whole patients
    printed = [
        (e.value, e.rounding or 0)
        for key in ("orr", "ae_grade4", "crs_ge3", "icans_any", "icans_ge3")
        if (e := registry[key])
    ]
    fit = [n for n in range(10, 94) if all(percentages.counts_behind(*p, n) for p in printed)]
    assert fit == [47]


def test_a_count_of_one_is_a_count():
    assert published.load()["icans_ge3_n"].printed == "1"
    assert published.load()["censoring"].printed == "statement"


def test_derived_counts():
    registry = published.load()
    found = {e.id: e.value for e in registry.select(evidence="D")}
    assert found == {
        "infused": 47,
        "responders": 38,
        "ae_grade4_n": 3,
        "orr_emd_other_n": 2,
        "emd_other_n": 7,
        "mrd_negative_n": 37,
        "mrd_negative_of_responders": 30,
        "crs_any_n": 39,
        "crs_ge3_n": 11,
        "icans_any_n": 2,
        "icans_ge3_n": 1,
        "censoring": True,
    }


def test_the_derivations_have_one_solution():
    known = published.load().entries
    found = derivations.search_infused(known)
    assert found.loc[found["possible"], "n"].tolist() == [47]
    both = [
        n
        for n in range(20, 60)
        if percentages.counts_behind(80.9, 1, n) and percentages.counts_behind(6.4, 1, n)
    ]
    assert both == [47]
    found = derivations.search_emd_other(known)
    assert found.loc[found["possible"], ["events", "n"]].to_numpy().tolist() == [[2, 7]]
    assert percentages.counts_behind(53.0, 1, 47) == percentages.counts_behind(45.0, 1, 38) == []


def test_rounding_counts_ties_both_ways():
    assert percentages.rounds_to(1, 16, 6.3, 1)  # 6.25 %
    assert percentages.rounds_to(1, 16, 6.2, 1)
    assert not percentages.rounds_to(1, 16, 6.4, 1)


def test_nothing_assumed_lacks_range_and_source():
    for entry in published.load().select(evidence="A"):
        assert entry.details["range"]
        assert entry.details["source"]
        if isinstance(entry.value, (int, float)):
            low, high = entry.details["range"]
            assert low <= entry.value <= high, entry.id


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kind: rate, value: 80.9", "kind: rate, colour: red, value: 80.9", "unknown key 'colour'"),
        ("{id: rfs_1y,", "{id: os_1y,", "os_1y is there twice"),
        ("evidence: P, place: Abstract}", "evidence: P}", "lacks 'place'"),
        ("evidence: P, place: Abstract}", "evidence: P, place: ''}", "empty 'place'"),
        ("value: 80.9, unit: percent, rounding: 1, evidence: P", "evidence: A", "evidence 'A'"),
        ("kind: rate, value: 80.9", "kind: rate", "orr lacks 'value'"),
        ("function: derive_infused", "function: guess", "no known derivation"),
        ("from: [orr, infused]", "from: [orr, nobody]", "derived from 'nobody'"),
        ("worse: any, model: univariable", "worse: any", "lacks 'model'"),
        ("judged: in remission (CR or CRi), ", "", "orr lacks 'judged'"),
        ("counts: [responders, infused]", "counts: [nobody, infused]", "of patients 'nobody'"),
        ("size: infused", "size: orr", "the number of patients 'orr'"),
        ("assumed: [a_endpoints]", "assumed: [orr]", "rfs_1y assumes 'orr'"),
        ('level: "yes"', "level: yes", "orr has true or false for 'level'"),
        ("endpoint: os, day", "endpoint: pfs, day", "the endpoint 'pfs'"),
        ("exposure: emd_any", "exposure: emd_all", "names no column: 'emd_all'"),
        ("worse: any, model: univariable", "worse: any, model: both", "the model 'both'"),
        ("covariates: [emd_any, ", "covariates: [", "covariates without its exposure"),
        ("by: emd, group: other, of", "by: emd, of", "only one of 'by' and 'group'"),
        ("value: 415.0, unit: days", "value: 415.0, unit: months", "the unit 'months'"),
        ("kind: count, unit: patients", "kind: count, value: 46, unit: patients", "states a value"),
    ],
)
def test_registry_errors_are_found_on_load(old, new, says):
    assert old in TEXT
    with pytest.raises(InputError, match=says):
        registry.parse(TEXT.replace(old, new, 1), DERIVATIONS)


def test_contradicting_percentages_are_not_papered_over():
    with pytest.raises(ValueError, match="0 solutions"):
        registry.parse(TEXT.replace("value: 80.9", "value: 80.8", 1), DERIVATIONS)


def test_weakest_letter():
    registry = published.load()
    assert registry.weakest(["orr", "infused"]) == "D"
    assert registry.weakest(["orr"]) == "P"
    assert registry.weakest(["infused", "a_age"]) == "A"
    assert registry.weakest([]) == "A"


def test_unknown_id_lists_the_known():
    with pytest.raises(KeyError, match="os_1y"):
        published.load()["os_2y"]
