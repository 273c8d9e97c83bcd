"""Panels that several chapters share: curves with their medians, and one claim on survival."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter

import pandas as pd

from cartanalysis.chapter.chapter import Chapter, Unavailable
from cartanalysis.chapter.disclosure.rules import COMPLEMENT
from cartanalysis.chapter.disclosure.vault import Patients
from cartanalysis.claims.verdicts import ONE_YEAR
from cartanalysis.figures import plot_km, plot_rates
from cartanalysis.figures.km import ticks
from cartanalysis.stats import permutation, response, survival
from cartanalysis.stats.cox import CoxModel, cox
from cartanalysis.text import format_value

Whom = pd.DataFrame | Patients | Unavailable
"""Patients to compute with, or why there are none."""


def curves(
    study: Chapter,
    endpoint: str,
    *,
    name: str,
    caption: str,
    by: str | None = None,
    labels: Mapping[str, str] | None = None,
    marks: pd.DataFrame | None = None,
    patients: Whom | None = None,
    origin: str = "",
) -> None:
    """Show Kaplan–Meier curves with the numbers at risk.

    Parameters
    ----------
    study : Chapter
        The chapter.
    endpoint : {"os", "rfs"}
        Which endpoint.
    name : str
        Name of the figure.
    caption : str
        Caption.
    by : str, optional
        Column that groups the patients.
    labels : mapping of str to str, optional
        Names of the groups as shown.
    marks : pandas.DataFrame, optional
        Published points to draw on the curve.
    patients : pandas.DataFrame or Unavailable, optional
        Whom to draw; the chapter's patients if not given.
    origin : str
        What time counts from; the endpoint's own origin if empty.
    """
    whom = study.patients if patients is None else patients
    end = survival.endpoint_of(endpoint)
    table = study.compute(survival.kaplan_meier, whom, endpoint, by, study.confidence)
    longest = study.compute(lambda t: t["time"].max(), table)
    times = study.compute(ticks, longest, study.time_unit)
    at_risk = study.compute(survival.at_risk_table, whom, endpoint, times, by)
    medians = study.compute(survival.median, whom, endpoint, by, study.confidence)
    alt = study.compute(_alternative_text, medians, end.name, labels or {}, study.time_unit)
    if study.min_cell > 1:
        caption += (
            " So that no patient's day shows, the Kaplan–Meier estimate is marked at the ends of "
            f"months only, each after at least {study.min_cell} more events; the dotted line "
            "guides the eye and is no data, and numbers at risk are rounded down. The full curve, "
            "for use in the house: publish with --min-cell 1."
        )
    study.figure(
        plot_km,
        table,
        at_risk,
        name=name,
        caption=caption,
        alt=alt if isinstance(alt, str) else "-",
        unit=study.time_unit,
        origin=origin or end.origin,
        state=end.state,
        labels=labels,
        marks=marks,
    )


def _alternative_text(
    medians: pd.DataFrame, endpoint: str, labels: Mapping[str, str], time_unit: str
) -> str:
    parts = []
    for _, row in medians.iterrows():
        label = labels.get(row["group"], row["group"])
        median = format_value(
            row["estimate"], "days", time_unit, whole="since" in row, since=row.get("since")
        )
        if row.get("why"):
            median = COMPLEMENT
        counts = f"{row['events']} of {row['n']}"
        if COMPLEMENT in (row["events"], row["n"]):
            counts = f"number {COMPLEMENT}"
        parts.append(f"{label}: {counts} with the event, median {median}")
    return f"Kaplan–Meier curve of {endpoint}. " + "; ".join(parts) + "."


def medians_by(
    study: Chapter,
    endpoint: str,
    by: str,
    caption: str,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Show median and 1-year survival by group.

    Parameters
    ----------
    study : Chapter
        The chapter.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str
        Column that groups the patients.
    caption : str
        Caption.
    labels : mapping of str to str, optional
        Names of the groups as shown.
    """
    medians = study.compute(survival.median, study.patients, endpoint, by, study.confidence)
    year = study.compute(
        survival.survival_at, study.patients, endpoint, [ONE_YEAR], by, study.confidence
    )
    joined = study.compute(_with_one_year, medians, year)
    columns = {
        "group": "Group",
        "n": "Patients",
        "events": "Events",
        "estimate": f"Median, {study.time_unit} (interval)",
        "one_year": "At 1 year (interval)",
    }
    study.table(joined, columns, caption=caption, unit="days", words=labels)


def _with_one_year(medians: pd.DataFrame, year: pd.DataFrame) -> pd.DataFrame:
    texts = {}
    for _, row in year.iterrows():
        text = format_value(row["estimate"], "fraction")
        if not pd.isna(row["lower"]):
            low, high = (format_value(row[b], "fraction") for b in ("lower", "upper"))
            text += f" ({low} to {high})"
        texts[row["group"]] = text
    return medians.assign(one_year=medians["group"].map(texts))


def claim(study: Chapter, key: str, labels: Mapping[str, str], caption: str) -> None:
    """Show one directional claim of the paper on this cohort: curves, hazard ratio, log-rank.

    Hands over ``<key>_hr`` and ``<key>_p``.

    Parameters
    ----------
    study : Chapter
        The chapter.
    key : str
        Id of the claim in the registry.
    labels : mapping of str to str
        Names of the groups as shown.
    caption : str
        Caption of the figure.
    """
    entry = study.registry[key]
    by, endpoint = entry.details["exposure"], entry.details["endpoint"]
    test = tested(study, f"{key}_p", study.patients, endpoint, by)
    hazard_ratio(study, f"{key}_hr", endpoint, by)
    curves(
        study, endpoint, by=by, labels=labels, name=f"km-{key.replace('_', '-')}", caption=caption
    )
    end = survival.endpoint_of(endpoint)
    study.say(
        f"{end.name.capitalize()}: hazard ratio **{{{key}_hr}}** ({{{key}_hr.ci}}), "
        f"{test} {{{key}_p}}."
    )


def tested(study: Chapter, key: str, patients: Whom, endpoint: str, by: str) -> str:
    """Hand over the p of the log-rank test that suits the size of the groups.

    Parameters
    ----------
    study : Chapter
        The chapter.
    key : str
        Id of the number.
    patients : pandas.DataFrame or Unavailable
        Whom to compare.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str
        Column that groups the patients.

    Returns
    -------
    str
        Name of the test.
    """
    test = study.compute(permutation.compare, patients, endpoint, by)
    study.number(key, test, "p", column="p")
    if isinstance(test, Unavailable):
        return "log-rank test"
    return str(test["test"].iloc[0]).replace("log-rank", "log-rank test")


LABELS = {"prior_hsct": "earlier transplant", "emd": "extramedullary disease", "mrd": "MRD"}
"""What columns of the contract are called in a heading."""


def stratum(study: Chapter, by: str) -> None:
    """Show remission and survival by groups that the user named.

    Hands over ``<group>_orr_p``, ``<group>_os_p`` and ``<group>_rfs_p``.

    Parameters
    ----------
    study : Chapter
        The chapter.
    by : str
        Column that groups the patients.
    """
    place = study.cohort.strata.index(by) + 1
    key = f"stratum_{place}"
    title = LABELS.get(by, by.replace("_", " ")).replace("{", "(").replace("}", ")")
    study.title(f"By {title}")
    rates = study.compute(response.remission, study.patients, by, study.confidence)
    study.figure(
        plot_rates,
        rates,
        name=f"stratum-{place}-remission",
        caption=f"Remission by {title}, with exact intervals.",
        alt=study.compute(response.describe, rates),
        confidence=study.confidence,
    )
    test = study.compute(response.association, study.patients, by)
    study.number(f"{key}_orr_p", test, "p", column="p")
    study.say(f"Remission, Fisher's exact test: {{{key}_orr_p}}.")
    for endpoint in ("os", "rfs"):
        name = survival.endpoint_of(endpoint).name
        caption = f"{name.capitalize()} by {title}"
        curves(study, endpoint, by=by, name=f"stratum-{place}-{endpoint}", caption=f"{caption}.")
        medians_by(study, endpoint, by, caption)
        test = tested(study, f"{key}_{endpoint}_p", study.patients, endpoint, by)
        study.say(f"{name.capitalize()}, {test}: {{{key}_{endpoint}_p}}.")


def by_arm(study: Chapter, endpoint: str) -> None:
    """Show an endpoint by treatment: curves, medians, hazard ratios, log-rank.

    Hands over ``<endpoint>_median_by_arm_<arm>``, ``<endpoint>_arm_hr`` (second arm against the
    first), ``<endpoint>_arm_chi2`` and ``<endpoint>_arm_p``.

    Parameters
    ----------
    study : Chapter
        The chapter.
    endpoint : {"os", "rfs"}
        Which endpoint.
    """
    name = survival.endpoint_of(endpoint).name.capitalize()
    medians = study.compute(survival.median, study.patients, endpoint, "arm", study.confidence)
    study.numbers_by_group(f"{endpoint}_median_by_arm", medians, "days")
    usual = study.compute(survival.log_rank, study.patients, endpoint, "arm")
    study.number(f"{endpoint}_arm_chi2", usual, "statistic")
    test = tested(study, f"{endpoint}_arm_p", study.patients, endpoint, "arm")
    model = study.compute(cox, study.patients, endpoint, ["arm"], study.confidence)
    ratios = study.compute(attrgetter("terms"), model)
    study.number(f"{endpoint}_arm_hr", ratios, "ratio")
    curves(study, endpoint, by="arm", name=f"{endpoint}-arm", caption=f"{name} by treatment.")
    medians_by(study, endpoint, "arm", f"{name} by treatment")
    columns = {
        "group": "Arm",
        "reference": "Against",
        "estimate": "Hazard ratio (interval)",
        "p": "p (Wald)",
    }
    study.table(ratios, columns, caption=f"{name}: hazard ratios", unit="ratio")
    study.say(
        f"{name}, over all arms: log-rank χ² {{{endpoint}_arm_chi2}}; {test}, {{{endpoint}_arm_p}}."
    )


def hazard_ratio(study: Chapter, key: str, endpoint: str, by: str) -> None:
    """Hand over the univariable hazard ratio of a grouping, second level against first.

    Parameters
    ----------
    study : Chapter
        The chapter.
    key : str
        Id of the number.
    endpoint : {"os", "rfs"}
        Which endpoint.
    by : str
        Column that groups the patients.
    """
    model = study.compute(cox, study.patients, endpoint, [by], study.confidence)
    study.number(key, study.compute(attrgetter("terms"), model), "ratio")


def diagnostics(model: CoxModel) -> pd.DataFrame:
    """Give what a model rests on as a tidy row.

    Parameters
    ----------
    model : CoxModel
        A fitted model.

    Returns
    -------
    pandas.DataFrame
        One row: n, events, events_per_term, method.
    """
    row = (model.n, model.events, model.events_per_term, "events / coefficients")
    return pd.DataFrame([row], columns=["n", "events", "events_per_term", "method"])


def forest_table(os: CoxModel, rfs: CoxModel, labels: Mapping[str, str]) -> pd.DataFrame:
    """Lay two models' terms out for a forest plot.

    Parameters
    ----------
    os, rfs : CoxModel
        Models of the two endpoints.
    labels : mapping of str to str
        Names of the covariates as shown.

    Returns
    -------
    pandas.DataFrame
        Columns series, label, n, events, estimate, lower, upper, p, method.
    """
    blocks = []
    for key, model in (("os", os), ("rfs", rfs)):
        name = survival.endpoint_of(key).name
        series = f"{name.capitalize()} ({model.events} events in {model.n} patients)"
        label = model.terms["covariate"].map(labels)
        blocks.append(model.terms.assign(series=series, label=label))
    columns = ["series", "label", "n", "events", "estimate", "lower", "upper", "p", "method"]
    return pd.concat(blocks, ignore_index=True)[columns]
