"""The paper's claims, each beside what a cohort shows, with a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from statsmodels.stats.multitest import multipletests

from cartanalysis.claims.diagnostics import SERIOUS
from cartanalysis.claims.registry import Registry
from cartanalysis.claims.verdicts import (
    ALPHA,
    DIRECTIONS,
    VALUES,
    Kind,
    Verdict,
    about,
    day_of,
    in_paper,
    judge,
    margin_text,
)
from cartanalysis.errors import CannotCompute
from cartanalysis.stats import proportional
from cartanalysis.text import (
    each_row,
    format_interval,
    format_power,
    format_value,
    is_missing,
    rounded,
)

TEXT, COUNT, NUMBER = "text", "count", "number"
COLUMNS = {
    "id": TEXT, "claim": TEXT, "short": TEXT, "evidence": TEXT, "place": TEXT,
    "published": TEXT, "family": TEXT,
    "judged": TEXT, "n": COUNT, "events": COUNT, "smallest": COUNT,
    "estimate": NUMBER, "lower": NUMBER, "upper": NUMBER, "p": NUMBER, "p_holm": NUMBER,
    "ph_p": NUMBER, "unit": TEXT, "found": NUMBER, "found_lower": NUMBER, "found_upper": NUMBER,
    "expected": NUMBER, "expected_lower": NUMBER, "expected_upper": NUMBER,
    "difference": NUMBER, "difference_lower": NUMBER, "difference_upper": NUMBER,
    "power": NUMBER, "needed": NUMBER, "size": NUMBER, "followed": NUMBER,
    "completeness": NUMBER, "seen_lower": NUMBER, "seen_upper": NUMBER,
    "verdict": TEXT, "side": TEXT, "survives": TEXT, "proportional": TEXT,
    "why": TEXT, "lacks": TEXT, "test": TEXT, "method": TEXT,
}  # fmt: skip
"""The columns of `claims` in their order, and what each holds."""

NUMBERS = [column for column, kind in COLUMNS.items() if kind == NUMBER]
"""Columns whose numbers are computed from patients and may give small counts away."""

DECIDED = [Verdict.SUPPORTS, Verdict.CONTRADICTS, Verdict.DIFFERS]
"""Verdicts that rest on p below its level, so that chance alone gives some."""

BETTER = "better"
HIDDEN = "hidden"
SOME_HIDDEN = "the numbers behind some of these claims are hidden"
ALLOWANCE = (
    "Each claim is judged by itself, without a correction for their number, and chance in two",
    "samples is the only reason for a difference that is allowed for: hospitals also differ.",
)
"""What a tally of verdicts leaves out."""


def claims(patients: pd.DataFrame, registry: Registry, confidence: float = 0.95) -> pd.DataFrame:
    """Judge every published claim on a cohort.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table with the derived columns.
    registry : Registry
        The published values.
    confidence : float
        Coverage of the cohort's intervals and of the prediction intervals.

    Returns
    -------
    pandas.DataFrame
        One row per claim: id, claim, short (label for figures), evidence (its letter), place (where
        it is printed), published
        (as printed), family (value or direction), judged (what was); n, events, smallest (of the
        counts behind the estimate, 0 left out); estimate, lower, upper, in the unit fraction, days,
        odds ratio or hazard ratio; p (of consistency with the paper's value, or of no effect),
        p_holm (adjusted within the family), ph_p (of proportional hazards); for values found,
        found_lower, found_upper (what was judged in this cohort), expected (the same in the
        paper), expected_lower, expected_upper (prediction interval), difference, difference_lower,
        difference_upper (cohort less paper), all fractions; for directions power (for a moderate
        effect), needed (patients of a cohort like this one that would show it with 80 % power; of
        hazard ratios); size (effective, of a value; patients of the smaller group, of a direction),
        followed (share of patients whose state on the claim's day is known), completeness (of
        follow-up to it, by person-time), seen_lower, seen_upper (true rates, or ratio, beyond which
        the cohort would have seen the difference with 80 % power; NaN if never); verdict, side
        (better or worse, of a value that differs), survives (yes or no: Holm's correction, where
        the verdict is decided), proportional (yes or no: whether one hazard ratio is a fair
        summary, by the test of proportional hazards), why (where the verdict needs a reason), lacks
        (columns without which it cannot be assessed), test, method.
        Of a claim that is not interpretable the cohort's number is told, and nothing tested.
        What is not defined is NaN, and a text empty.

    References
    ----------
    .. [1] Patil P, Peng RD, Leek JT. Perspect Psychol Sci 11, 539–544 (2016).
    .. [2] Spence JR, Stanley DJ. PLoS ONE 11, e0162874 (2016).
    .. [3] Holm S. Scand J Stat 6, 65–70 (1979).
    """
    rows = [
        about(entry) | judge(entry, patients, registry, confidence) for entry in registry.claims
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    texts = [column for column, kind in COLUMNS.items() if kind == TEXT]
    table[texts] = table[texts].fillna("")
    return _adjusted(table.astype({c: float for c in table if c not in texts}), confidence)


# --- several claims at once --------------------------------------------------------------------


def _adjusted(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Add Holm's p-values, and a reason where a verdict rests on an unadjusted one."""
    out = table.copy()
    for family, alpha in ((VALUES, 1 - confidence), (DIRECTIONS, ALPHA)):
        tested = (out["family"] == family) & out["p"].notna()
        if not tested.any():
            continue
        out.loc[tested, "p_holm"] = multipletests(out.loc[tested, "p"], method="holm")[1]
        decided = tested & out["verdict"].isin(DECIDED)
        out.loc[decided, "survives"] = "yes"
        for i in out.index[decided & (out["p_holm"] >= alpha)]:
            reason = f"does not survive Holm's correction for {int(tested.sum())} claims"
            out.loc[i, "survives"] = "no"
            out.loc[i, "why"] = "; ".join(filter(None, [out.loc[i, "why"], reason]))
    return out


def multiplicity(table: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Count how many claims of each family chance alone would decide against the truth.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.
    confidence : float
        Coverage of the prediction intervals.

    Returns
    -------
    pandas.DataFrame
        One row per family: family, n (claims assessed), estimate (claims expected to differ, by
        chance in both samples, if this cohort's and the paper's patients came from populations with
        the same true values; to be significant if there were no effect), events (claims found so),
        holm (those of them that survive the correction; NaN, with the reason in why, where it is
        hidden of some), method, why.
    """
    rows = []
    for family, alpha in ((VALUES, 1 - confidence), (DIRECTIONS, ALPHA)):
        mine = _assessed(table, family)
        decided = mine[mine["verdict"].isin(DECIDED)]
        survive = float((decided["survives"] == "yes").sum())
        method, why = "significance level times number of claims tested", ""
        if (decided["survives"] == "").any():
            survive, why = math.nan, SOME_HIDDEN
        rows.append((family, len(mine), alpha * len(mine), len(decided), survive, method, why))
    columns = ["family", "n", "estimate", "events", "holm", "method", "why"]
    return pd.DataFrame(rows, columns=columns)


def _assessed(table: pd.DataFrame, family: str) -> pd.DataFrame:
    answered = table["verdict"].map(lambda verdict: Verdict(verdict).is_answer).astype(bool)
    return table[(table["family"] == family) & answered]


def tally(table: pd.DataFrame) -> pd.DataFrame:
    """Count the verdicts.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        One row per kind of verdict: verdict, n, method, why; and one of the values that differ
        for the better (without n where the side of some is hidden).
    """
    found = [Verdict(v).kind for v in table["verdict"]]
    rows: list[tuple[str, int | None, str, str]]
    rows = [(str(kind), found.count(kind), "count", "") for kind in Kind]
    opposed = table[[kind == Kind.OPPOSED for kind in found]]
    if any(is_hidden(row) for row in each_row(opposed[opposed["family"] == VALUES])):
        rows.append((BETTER, None, "count", SOME_HIDDEN))
    else:
        rows.append((BETTER, int((table["side"] == BETTER).sum()), "count", ""))
    return pd.DataFrame(rows, columns=["verdict", "n", "method", "why"]).astype({"n": object})


# --- showing -----------------------------------------------------------------------------------


def is_hidden(row: Any) -> bool:
    """Tell whether a claim's numbers were taken out because they would show few patients.

    Parameters
    ----------
    row : object
        A row of `claims`.

    Returns
    -------
    bool
        Whether there is a verdict without the numbers behind it.
    """
    if row.verdict == Verdict.NOT_INTERPRETABLE:  # there may be no number, or one that is hidden
        return bool(row.n == HIDDEN)
    return row.verdict != Verdict.NOT_ASSESSED and not has_number(row)


def has_number(row: Any) -> bool:
    """Tell whether a claim has a number from the cohort.

    Parameters
    ----------
    row : object
        A row of `claims`.

    Returns
    -------
    bool
        Whether there is what was judged.
    """
    return not is_missing(row.found if row.family == VALUES else row.estimate)


def _found_text(row: Any) -> str:
    if row.verdict == Verdict.NOT_ASSESSED:
        return "–"
    if row.verdict == Verdict.NOT_INTERPRETABLE and not row.unit:
        return "–"
    if is_hidden(row):
        return HIDDEN
    is_ratio = row.unit in ("odds ratio", "hazard ratio")
    unit = "ratio" if is_ratio else row.unit
    text = format_value(row.estimate, unit)
    if not (is_missing(row.lower) and is_missing(row.upper)):
        text += f" ({format_interval(row.lower, row.upper, unit)})"
    return f"{row.unit} {text}" if is_ratio else text


CHANGES = "the hazard ratio may change with time, so that one number may be a poor summary"


def _reason(row: Any) -> str:
    """Say what a verdict needs to be said beside it."""
    changes = ""
    if row.proportional == "no":
        by = "" if is_missing(row.ph_p) else f": {format_value(row.ph_p, 'p')}"
        changes = f"{CHANGES} (test of proportional hazards{by})"
    return "; ".join(filter(None, [_plain_why(row), changes]))


def _plain_why(row: Any) -> str:
    return str(row.why.replace("`", ""))


def not_proportional(table: pd.DataFrame) -> pd.DataFrame:
    """Count the directions whose hazard ratio changes with time.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        One row: n, names (the claims, as text), method.
    """
    mine = table[table["proportional"] == "no"]
    method = proportional.METHOD.format(proportional.SCALES["km"])
    row = (len(mine), "; ".join(mine["short"]), method)
    return pd.DataFrame([row], columns=["n", "names", "method"])


def _verdict_text(row: Any) -> str:
    why = _reason(row)
    if not Verdict(row.verdict).is_answer:
        return f"{row.verdict}: {why}"
    return f"{row.verdict} ({why})" if why else str(row.verdict)


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Write each claim's result as texts.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        The same with the evidence letter behind what is published, a column shown (the cohort's
        result), and the reason behind the verdict where there is one.
    """
    return table.assign(
        published=table["published"] + " [" + table["evidence"] + "]",
        shown=[_found_text(row) for row in each_row(table)],
        verdict=[_verdict_text(row) for row in each_row(table)],
    )


def details(table: pd.DataFrame, family: str) -> pd.DataFrame:
    """Write what the verdicts of one family rest on as texts.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.
    family : {"value", "direction"}
        Which claims.

    Returns
    -------
    pandas.DataFrame
        One row per claim that could be assessed: short, judged, predicted (prediction interval),
        off (difference in percentage points), margin (within which it counts as the same), test,
        tested (p, and in brackets Holm's), strength (power), needed (patients).

    Raises
    ------
    CannotCompute
        If none could be assessed.
    """
    mine = _assessed(table, family)
    if mine.empty:
        raise CannotCompute(f"none of the published {family}s could be tested in this cohort")
    return pd.DataFrame(
        {
            "short": row.short,
            "judged": row.judged,
            "predicted": _predicted_text(row),
            "off": _off_text(row),
            "margin": "–" if is_missing(row.expected) else margin_text(row.expected),
            "test": row.test,
            "tested": _p_text(row),
            "strength": "–" if is_missing(row.power) else format_power(row.power),
            "needed": _needed_text(row.needed),
        }
        for row in each_row(mine)
    )


def _predicted_text(row: Any) -> str:
    if is_missing(row.expected_lower):
        return "–"
    return format_interval(row.expected_lower, row.expected_upper, "fraction")


def _off_text(row: Any) -> str:
    if is_missing(row.difference):
        return "–"
    values = (row.difference, row.difference_lower, row.difference_upper)
    points = (rounded(100 * v, 1, 0) for v in values)
    middle, low, high = (p.replace("-", "−") if p[0] == "-" else f"+{p}" for p in points)
    return f"{middle} ({low} to {high})"


def _needed_text(patients: float) -> str:
    if is_missing(patients) or math.isinf(patients):
        return "–"
    return f"{float(f'{patients:.2g}'):,.0f}"  # a rough number


def _p_text(row: Any) -> str:
    if is_missing(row.p):
        return "–"
    p, holm = (format_value(v, "p").lstrip("p= ").replace(" ", "") for v in (row.p, row.p_holm))
    return f"{p} ({holm})"


def before(table: pd.DataFrame) -> pd.DataFrame:
    """Write what could be judged, and what could be seen, before any verdict.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    pandas.DataFrame
        One row per claim: short, patients (effective, or in the smaller group), follow_up
        (completeness to the claim's day), seen (the smallest effect seen with 80 % power), says.
    """
    return pd.DataFrame(
        {
            "short": row.short,
            "patients": _size_text(row),
            "follow_up": _follow_up_text(row),
            "seen": _seen_text(row),
            "says": _before_text(row),
        }
        for row in each_row(table)
    )


def _size_text(row: Any) -> str:
    if is_missing(row.size):
        return HIDDEN if is_hidden(row) else "–"
    return f"{row.size:.0f}{'' if row.family == VALUES else ' in the smaller group'}"


def _follow_up_text(row: Any) -> str:
    if is_missing(row.completeness):
        return "–"
    whole = f"{rounded(100 * row.completeness, 0, 0, 100)} % of the time"
    if is_missing(row.followed):
        return whole
    return f"{whole}, {rounded(100 * row.followed, 0, 0, 100)} % of patients"


def _seen_text(row: Any) -> str:
    if is_missing(row.seen_lower) and is_missing(row.seen_upper):
        return "–" if is_missing(row.size) else "none"
    if row.family == DIRECTIONS:
        is_odds = is_missing(row.seen_upper)
        name, bound = ("odds", row.seen_lower) if is_odds else ("hazard", row.seen_upper)
        text = "over 100" if bound > 100 else rounded(bound, 2 if is_odds else 1)
        return f"{name} ratio {text}{' or less' if is_odds else ' or more'}"
    ends = ((row.seen_lower, "less"), (row.seen_upper, "more"))
    return ", ".join(
        f"{format_value(v, 'fraction')} or {side}" for v, side in ends if not is_missing(v)
    )


def _before_text(row: Any) -> str:
    if not Verdict(row.verdict).is_answer:
        return f"{row.verdict}: {_plain_why(row)}"
    if row.completeness < SERIOUS:
        return "can be judged, but more than a fifth of the follow-up is missing"
    return "can be judged"


def report(table: pd.DataFrame) -> str:
    """Write the verdicts for a terminal.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    str
        A line per claim on what could be seen; a line per claim (claim, in the paper, this cohort,
        verdict), the reason below it where there is one; and the tally.
    """
    look = before(table)
    first = [("Before the verdicts", "Patients", "Followed to the day", "Seen with 80 % power")]
    first += look[["short", "patients", "follow_up", "seen"]].itertuples(index=False, name=None)
    cells = [("Claim", "Published", "This cohort", "Verdict", "")]
    for row in each_row(table):
        brief = Verdict(row.verdict).brief
        cells.append((row.short, row.published, _found_text(row), brief, _reason(row)))
    lines = [*_aligned(first), ""]
    for line, (*_, reason) in zip(_aligned([c[:4] for c in cells]), cells, strict=True):
        lines += [line, f"    {reason}"] if reason else [line]
    counts = tally(table).set_index("verdict")["n"]
    total = ", ".join(f"{counts[kind]} {kind.words}" for kind in Kind)
    better = f" ({counts[BETTER]} for the better)" if counts[BETTER] else ""
    total = total.replace(" opposed", f" opposed{better}")
    return "\n".join([*lines, "", f"{len(table)} claims: {total}.", *ALLOWANCE])


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Write texts in columns."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    padded = (map(str.ljust, line, widths) for line in cells)
    return ["  ".join(line).rstrip() for line in padded]


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Give the verdicts for a JSON file.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    list of dict
        One per claim, keys as the table's columns; what is missing or infinite is None.
    """
    return [
        {c: _plain(value, c) for c, value in zip(table.columns, row, strict=True)}
        for row in table.astype(object).to_numpy()
    ]


def _plain(value: Any, column: str) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    # a hidden count is a text
    return int(value) if COLUMNS.get(column) == COUNT and not isinstance(value, str) else value


def describe(table: pd.DataFrame) -> str:
    """Put the verdicts into a sentence, for who cannot see the picture.

    Parameters
    ----------
    table : pandas.DataFrame
        From `claims`.

    Returns
    -------
    str
        A sentence.
    """
    parts = ["The published claims and this cohort"]
    kinds = table["verdict"].map(lambda verdict: Verdict(verdict).kind)
    for kind in Kind:
        mine = table[kinds == kind]
        if len(mine):
            named = "; ".join(_named(row) for row in each_row(mine))
            parts.append(f"{kind.words.capitalize()} {len(mine)}: {named}")
    return ". ".join(parts) + "."


def _named(row: Any) -> str:
    if row.verdict == Verdict.NOT_ASSESSED or is_hidden(row) or not has_number(row):
        return str(row.short)
    if row.family == VALUES:
        return f"{row.short} {format_value(row.found, 'fraction')}"
    if row.unit in ("hazard ratio", "odds ratio"):
        changes = ", changing with time" if row.proportional == "no" else ""
        return f"{row.short} {format_value(row.estimate, 'ratio')}{changes}"
    return str(row.short)


def published_points(registry: Registry, endpoint: str) -> pd.DataFrame:
    """Give the points that the paper's values put on a survival curve.

    Parameters
    ----------
    registry : Registry
        The published values.
    endpoint : {"os", "rfs"}
        Which curve.

    Returns
    -------
    pandas.DataFrame
        Columns time (days), estimate, label: survival on a day, and the median.
    """
    rows = [
        (day_of(entry), in_paper(entry, registry)[0], entry.text)
        for entry in registry.claims
        if entry.how in ("survival", "median") and entry.details["endpoint"] == endpoint
    ]
    return pd.DataFrame(rows, columns=["time", "estimate", "label"])
