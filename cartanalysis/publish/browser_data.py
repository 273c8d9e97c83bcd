"""What the page “Try your cohort” must know of the package, as data for its scripts.

The contract, its limits and spellings, the published values and the examples are written down once,
in the package; the browser reads them from here. The page accepts a narrower grammar of cells than
the command and is quicker to find a column identifying; it never accepts what the command refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

import pandas as pd
from scipy import stats

from cartanalysis import contract as cohort
from cartanalysis import text as wording
from cartanalysis.claims import power, verdicts
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.figures import km, style
from cartanalysis.intake import admission, contradictions, rules
from cartanalysis.intake import identifiers as privacy
from cartanalysis.intake.mapping import names, numbers, words
from cartanalysis.intake.reading import table
from cartanalysis.intake.reading.detect import KINDS
from cartanalysis.stats import permutation
from cartanalysis.stats.response import ALL
from cartanalysis.stats.survival import ENDPOINTS
from cartanalysis.study import examples
from cartanalysis.study.published import load

CONFIDENCE = 0.95
"""Coverage of every interval on the page."""

MAX_BYTES = 32 * 2**20
"""32 MB: twenty thousand patients with every column of the contract need a tenth of it."""

CLOSE = 0.8
"""A name so much like one of ours is asked about, by the measure of Python's difflib."""


def contents() -> dict[str, Any]:
    """Collect everything that the page's scripts read."""
    registry = load()
    return {
        "confidence": CONFIDENCE,
        "z": float(stats.norm.ppf(0.5 + CONFIDENCE / 2)),
        "fields": [_field(spec) for spec in cohort.FIELDS.values()],
        "derived": _derived(),
        "pairs": cohort.PAIRS,
        "missing": sorted(cohort.MISSING),
        "close": CLOSE,
        "asked": _asked(),
        "endings": KINDS["text"].endings,
        "unseen": _pattern(wording.UNSEEN),
        "look_alikes": wording.LOOK_ALIKES,
        "summaries": sorted(rules.SUMMARIES),
        "numbers": {
            "codes": sorted(numbers.OFTEN_MISSING),
            "few": numbers.FEW,
            "code": numbers.CODE,
            "gap": numbers.GAP,
            "mixed": numbers.MIXED,
            "fraction": admission.FRACTION,
        },
        "limits": {
            "bytes": MAX_BYTES,
            "patients": table.MAX_PATIENTS,
            "columns": table.MAX_COLUMNS,
            "cells": table.MAX_CELLS,
            "cell": table.MAX_CELL_LENGTH,
            "told": table.MAX_TOLD,
            "groups": cohort.MAX_GROUPS,
        },
        "privacy": _privacy(),
        "suspicious": {
            "few": admission.FEW,
            "short_follow_up": admission.SHORT_FOLLOW_UP,
            "short_with_decimals": admission.SHORT_WITH_DECIMALS,
            "long_follow_up": admission.LONG_FOLLOW_UP,
            "months_apart": admission.MONTHS_APART,
            "many_deaths": rules.MANY_DEATHS,
            "many_alike": rules.MANY_ALIKE,
        },
        "all": ALL,
        "endpoints": {
            key: {"name": e.name, "origin": e.origin, "state": e.state, "days": e.days}
            | {"event": e.event}
            for key, e in ENDPOINTS.items()
        },
        "claims": [
            _claim(entry, registry)
            for entry in registry.select(evidence="P")
            if entry.kind in verdicts.FAMILIES
        ],
        "alpha": verdicts.ALPHA,
        "one_year": verdicts.ONE_YEAR,
        "min_size": verdicts.MIN_SIZE,
        "min_followed": verdicts.MIN_FOLLOWED,
        "min_rival": verdicts.MIN_RIVAL,
        "could_differ": verdicts.COULD_DIFFER,
        "permutation": {
            "patients": permutation.FEW_PATIENTS,
            "events": permutation.FEW_EVENTS,
        },
        "power": {
            "gap": power.GAP,
            "largest": power.LARGEST,
            "at_level": power.AT_LEVEL,
            "odds_ratio": power.ODDS_RATIO,
        },
        "verdicts": {
            "exact": verdicts.EXACT,
            "consistent": verdicts.CONSISTENT,
            "weak": verdicts.WEAK,
            "differs": verdicts.DIFFERS,
            "supports": verdicts.SUPPORTS,
            "same": verdicts.SAME,
            "opposite": verdicts.OPPOSITE,
            "contradicts": verdicts.CONTRADICTS,
            "not_assessed": verdicts.NOT_ASSESSED,
        },
        "steps": km.STEPS["days"],
        "ticks": km.MAX_TICKS,
        "colours": style.COLOURS,
        "spare": style.SPARE,
        "examples": _examples(),
    }


def script() -> str:
    """Write `contents` as a module for the scripts beside it, patterns as regular expressions."""
    text = json.dumps(contents(), ensure_ascii=False, allow_nan=False)
    compiled = "(_, found) => (found?.flags ? new RegExp(found.source, found.flags) : found)"
    return f"export const data = JSON.parse({json.dumps(text)}, {compiled});\n"


def _field(spec: cohort.Field) -> dict[str, Any]:
    """Give a column with every value that its words stand for, or its range."""
    field: dict[str, Any] = {"name": spec.name, "meaning": spec.meaning, "kind": spec.kind}
    field["unit"] = spec.unit
    remedy = f"Write {spec.allowed}; leave the cell empty if unknown"
    if spec.kind == "id":
        remedy = "Give every patient an identifier of plain letters and digits, such as P01"
    elif spec.kind == "level":
        own = {level.lower(): level for level in spec.levels}
        field |= {"words": own | dict(spec.spellings), "values": spec.levels}
    elif spec.kind in ("event", "grade"):
        known = {word: int(value) for word, value in spec.spellings.items()}
        values = [0, 1] if spec.kind == "event" else range(int(spec.high) + 1)
        field |= {"words": known | {f"grade {v}": v for v in values}, "values": [*values]}
    elif spec.kind == "number":
        field |= {"words": {}, "low": spec.low, "high": spec.high}
    if spec.name == "age_years":
        field["high"] = privacy.OLDEST
        remedy = f"Write a number of years, {privacy.OLDEST:g} for everybody older: higher ages "
        remedy += "identify people (HIPAA Safe Harbor)"
    return field | {"remedy": remedy}


def _derived() -> dict[str, Any]:
    """See what becomes of every level; a column made from a number is cut instead."""
    sources = list(dict.fromkeys(cohort.DERIVED.values()))
    found: dict[str, Any] = {}
    for source in sources:
        levels = list(cohort.FIELDS[source].levels)
        values: list[Any] = [*levels] or [0.0, 1.0]
        made = cohort.derive(pd.DataFrame({source: values}))
        for name in (n for n, of in cohort.DERIVED.items() if of == source):
            found[name] = {"from": source, "levels": list(made[name].cat.categories)}
            if levels:
                found[name]["map"] = dict(zip(levels, made[name].astype(str), strict=True))
    return found


def _asked() -> dict[str, Any]:
    """Give the words by which other columns may contradict ours: deaths, CNS disease, infusion."""
    said = {w for w, level in words.SURE["os_event"].items() if level == "1"}
    told = said - words.BARE - {"present"} | contradictions._CNS
    return {
        "words": sorted(told),
        "names": [*names.SURE["os_event"].split(), *sorted(contradictions._INFUSED), "中枢"],
    }


def _privacy() -> dict[str, Any]:
    """Give the patterns of what identifies people; one cell is enough for the page."""
    digits = privacy.PHONE_DIGITS
    measured = [_whole(p) for p in (privacy._ROUND, privacy._DECIMAL, privacy._YEARLY)]
    patterns = {
        "e-mail addresses": [_fitting(_pattern(privacy._MAIL))],
        "web addresses": [_fitting(_pattern(privacy._WEB, "^"))],
        "social security numbers": [_fitting(_whole(privacy._SSN))],
        "identity card numbers": [_fitting(_whole(privacy._CHINESE_ID))],
        "names of people with a title": [_fitting(_whole(privacy._TITLED))],
        # a name in capitals has a surname first, too
        "names of people": [
            _fitting(_whole(p, _CAPITAL)) for p in (privacy._SURNAME_FIRST, privacy._WITH_INITIAL)
        ],
        "calendar dates": [_fitting(_whole(privacy._DATE))],
        "full dates": [_fitting(_whole(privacy._FULL_DATE))],
        "addresses": [_fitting(_whole(privacy._ADDRESS))],
        "insurance numbers": [_fitting(_whole(privacy._INSURED))],
        "telephone numbers": [_fitting(_whole(privacy._TELEPHONE), digits)],
        "telephone or record numbers": [
            _fitting(_whole(p), digits, measured) for p in (privacy._LONG_NUMBER, privacy._PHONE)
        ],
        "free text": [],
    }
    dates = {"pattern": _pattern(privacy._DATE_NAME), "cells": _whole(privacy._SERIAL)}
    named = {kind: {"pattern": _pattern(pattern)} for kind, pattern in privacy.NAMES.items()}
    named["a spreadsheet's numbers for dates"] = dates
    return {
        "names": [{"kind": kind} | how for kind, how in named.items()],
        "values": [
            {
                "kind": kind,
                "patterns": patterns[kind],
                "longer": privacy.LONG_TEXT if kind == "free text" else None,
                "not_in": ["id"] * (kind in privacy.FREE) + ["label"] * (kind == "free text"),
            }
            for kind in privacy.VALUES
        ],
        "surname": _whole(privacy._SURNAME),
        "remark": _pattern(privacy._REMARK),
    }


def _fitting(
    pattern: dict[str, str], digits: int = 0, unless: Sequence[dict[str, str]] = ()
) -> dict[str, Any]:
    return {"pattern": pattern, "digits": digits, "unless": unless}


_CAPITAL = r"(?=.*\p{Uppercase})"
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\[wd]")


def _whole(pattern: re.Pattern[str], first: str = "") -> dict[str, str]:
    return _pattern(pattern, f"^{first}(?:", ")$")


def _pattern(pattern: re.Pattern[str], start: str = "", end: str = "") -> dict[str, str]:
    """Write a Python pattern for JavaScript, where only ``\\p`` classes know other alphabets."""
    source = pattern.pattern.replace(r"[^\W\d_]", r"[\p{L}\p{Nl}\p{No}]")
    if re.search(r"\\[bBAZWD]", source):
        raise ValueError(f"{source} has no translation for JavaScript yet")
    flags = "ui" if pattern.flags & re.IGNORECASE else "u"
    return {"source": f"{start}{_CLASS.sub(_unicode, source)}{end}", "flags": flags}


def _unicode(found: re.Match[str]) -> str:
    known = found[0].replace(r"\w", r"\p{L}\p{N}_").replace(r"\d", r"\p{Nd}")
    return known if found[0].startswith("[") else f"[{known}]"


def _claim(entry: Entry, registry: Registry) -> dict[str, Any]:
    claim = verdicts.about(entry) | {"how": _how(entry)}
    if entry.kind in ("ordering", "direction"):
        kept = ("exposure", "endpoint")
        return claim | {k: v for k, v in entry.details.items() if k in kept}
    claim |= {"value": entry.fraction, "percent": entry.unit == "percent"}
    claim |= {"rounding": entry.rounding}
    if entry.id in verdicts.PAPER_COUNTS:
        events, n = (float(registry[key].value) for key in verdicts.PAPER_COUNTS[entry.id])
        return claim | {"expected": events / n, "expected_size": n}
    endpoint, day = verdicts._day_of(entry)
    return claim | {
        "endpoint": endpoint,
        "day": day,
        "expected": 0.5 if entry.kind == "time" else entry.fraction,
        "expected_size": float(registry[verdicts.PAPER_SIZE[endpoint]].value),
    }


def _how(entry: Entry) -> str:
    """Name the way in which the page's scripts judge a claim."""
    if entry.kind == "ordering":
        return "ordering"
    if entry.kind == "direction":
        return "adjusted" if entry.details["model"] == "multivariable" else "direction"
    if entry.id in verdicts.PAPER_COUNTS:
        return "counted"
    return "median" if entry.kind == "time" else "survival"


def _examples() -> dict[str, str]:
    """Give the cohorts that ship with the package, as CSV."""
    name = cohort.DEFAULT_COHORT
    file = resources.files("cartanalysis.study") / "data" / f"{name}.csv"
    made = {key: make() for key, make in examples.EXAMPLES.items()}
    as_csv = {key: table.to_csv(index=False, lineterminator="\n") for key, table in made.items()}
    return {name: file.read_text(encoding="utf-8")} | as_csv
