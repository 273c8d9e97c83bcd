"""What the scripts that compute in the reader's browser must know of the package, as data.

The contract, its limits and spellings, the published values and the examples are written down once,
in the package; the browser reads them from here. The page “Try your cohort” accepts a narrower
grammar of cells than the command and is quicker to find a column identifying; it never accepts what
the command refuses.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

import pandas as pd
from scipy import stats

from cartanalysis import contract as cohort
from cartanalysis import text as wording
from cartanalysis.claims import consistency, diagnostics, power, verdicts
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.errors import SPOKEN
from cartanalysis.figures import km, style
from cartanalysis.intake import admission, cells, rules
from cartanalysis.intake import identifiers as privacy
from cartanalysis.intake.reading import delimited, table
from cartanalysis.intake.reading.detect import KINDS
from cartanalysis.intake.words import BARE, WORDS, spellings, tokens
from cartanalysis.publish import play
from cartanalysis.stats import permutation
from cartanalysis.stats.response import ALL
from cartanalysis.stats.survival import ENDPOINTS
from cartanalysis.study import examples
from cartanalysis.study.published import load

CONFIDENCE = 0.95
"""Coverage of every interval on the page."""

MAX_BYTES = 32 * 2**20
"""32 MB: twenty thousand patients with every column of the contract need a tenth of it."""

MAX_PATIENTS, MAX_CELLS = 20_000, 4_000_000
"""A page in a browser has less memory and patience than the command line."""

CLOSE = 0.8
"""A name so much like one of ours is asked about, by the measure of Python's difflib."""


def contents() -> dict[str, Any]:
    """Collect everything that the page “Try your cohort” reads."""
    registry = load()
    return _statistics() | {
        "fields": [_field(spec) for spec in cohort.FIELDS.values()],
        "pairs": cohort.PAIRS,
        "missing": sorted(cohort.MISSING),
        "close": CLOSE,
        "asked": _asked(),
        "endings": KINDS["text"].endings,
        "unseen": _pattern(wording.UNSEEN),
        "look_alikes": wording.LOOK_ALIKES,
        "summaries": sorted(rules.SUMMARIES),
        "numbers": {
            "codes": sorted(cells.OFTEN_MISSING),
            "few": cells.FEW,
            "code": cells.CODE,
            "gap": cells.GAP,
            "mixed": cells.MIXED,
        },
        "separators": delimited.FORMS,
        "usual_separators": [*delimited.USUAL],
        "limits": {
            "bytes": MAX_BYTES,
            "patients": MAX_PATIENTS,
            "columns": table.MAX_COLUMNS,
            "cells": MAX_CELLS,
            "cell": table.MAX_CELL_LENGTH,
            "told": table.MAX_TOLD,
            "groups": cohort.MAX_GROUPS,
        },
        "privacy": _privacy(),
        "rules": [_rule(rule) for rule in rules.RULES],
        "of_all": [
            _rule(rule) | {"of": [_tests(query) for query in rule.of], "enough": rule.enough}
            for rule in rules.OF_ALL
        ],
        "remarks": [
            {"tests": _tests(query), "words": words} for query, words in rules.REMARKS.items()
        ],
        "suspicious": {
            "few": admission.FEW,
            "short_follow_up": admission.SHORT_FOLLOW_UP,
            "short_with_decimals": admission.SHORT_WITH_DECIMALS,
            "months_apart": admission.MONTHS_APART,
        },
        "claims": [_claim(entry, registry) for entry in registry.claims],
        "alpha": verdicts.ALPHA,
        "spoken": SPOKEN,
        "before": {
            "min_group": diagnostics.MIN_GROUP,
            "least": diagnostics.LEAST,
            "hazard_ratio": diagnostics.HAZARD_RATIO,
            "odds_ratio": diagnostics.ODDS_RATIO,
            "too_few": diagnostics.TOO_FEW,
            "in_a_group": diagnostics.IN_A_GROUP,
            "missed": diagnostics.MISSED,
        },
        "z_alpha": float(stats.norm.ppf(1 - verdicts.ALPHA / 2)),
        "min_rival": verdicts.MIN_RIVAL,
        "z_same": float(stats.norm.ppf(CONFIDENCE)),
        "power": {
            "at_level": power.AT_LEVEL,
            "odds_ratio": power.ODDS_RATIO,
        },
        "verdicts": {verdict.name.lower(): verdict for verdict in verdicts.Verdict},
        "examples": _examples(),
    }


def playthings() -> dict[str, Any]:
    """Collect what the controls in the chapters read."""
    return _statistics() | {"play": play.ideas()}


def script(contents: Mapping[str, Any]) -> str:
    """Write data as a module for the scripts beside it, patterns as regular expressions."""
    text = json.dumps(contents, ensure_ascii=False, allow_nan=False)
    compiled = "(_, found) => (found?.flags ? new RegExp(found.source, found.flags) : found)"
    return f"export const data = JSON.parse({json.dumps(text)}, {compiled});\n"


def _statistics() -> dict[str, Any]:
    """Collect what estimates, tests and pictures rest on."""
    return {
        "confidence": CONFIDENCE,
        "z": float(stats.norm.ppf(0.5 + CONFIDENCE / 2)),
        "derived": _derived(),
        "all": ALL,
        "endpoints": {
            key: {"name": e.name, "origin": e.origin, "state": e.state, "days": e.days}
            | {"event": e.event}
            for key, e in ENDPOINTS.items()
        },
        "one_year": verdicts.ONE_YEAR,
        "few": {"patients": permutation.FEW_PATIENTS, "events": permutation.FEW_EVENTS},
        "steps": km.STEPS["days"],
        "ticks": km.MAX_TICKS,
        "colours": style.COLOURS,
        "spare": style.SPARE,
    }


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
    """See what becomes of every combination of levels; a column made from a number is cut."""
    found: dict[str, Any] = {}
    for name, sources in cohort.DERIVED.items():
        levels = [cohort.FIELDS[source].levels for source in sources]
        cells = (
            [(0.0,), (1.0,)]
            if not levels[0]
            else itertools.product(*((*of, None) for of in levels))
        )
        table = pd.DataFrame(cells, columns=list(sources))
        made = cohort.derive(table)[name]
        found[name] = {"from": sources, "levels": list(made.cat.categories)}
        if levels[0]:
            keys = table.fillna("").agg("|".join, axis=1)
            found[name]["map"] = {
                k: v for k, v in zip(keys, made, strict=True) if isinstance(v, str)
            }
    return found


def _asked() -> dict[str, Any]:
    """Give the words by which other columns may contradict ours: deaths, CNS disease, infusion."""
    infused = {*WORDS["infused_words"], *(p.split()[-1] for p in WORDS["not_infused"])}
    return {
        "words": sorted({*WORDS["vital"]["dead"], "event", *WORDS["cns"], *infused} - BARE),
        "names": [
            tokens(form)
            for name in (*WORDS["columns"]["os_event"], *WORDS["infused"], "中枢")
            for form in spellings(name)
        ],
    }


def _rule(rule: rules.Rule) -> dict[str, Any]:
    told = {"what": rule.what, "remedy": rule.remedy, "column": rule.column}
    return {"tests": _tests(rule.query), **told}


_TEST = re.compile(r"(\w+)(?:\.(isna|notna)\(\)| (==|!=|>) (?:'(\w+)'|([\d.]+)|(\w+)))")


def _tests(query: str) -> list[dict[str, Any]]:
    """Take a query of pandas apart: each test has a column, a sign and what is on the right."""
    tests = []
    for part in query.split(" & "):
        found = _TEST.fullmatch(part)
        if found is None:
            raise ValueError(f"{part} has no translation for JavaScript yet")
        column, method, sign, text, number, other = found.groups()
        value = float(number) if number else text
        tests.append({"column": column, "sign": method or sign, "value": value, "other": other})
    return tests


def _privacy() -> dict[str, Any]:
    """Give the patterns of what identifies people; one cell is enough for the page."""
    dates = {"pattern": _pattern(privacy.DATE_NAME), "cells": _whole(privacy.SERIAL)}
    named = {kind: {"pattern": _pattern(pattern)} for kind, pattern in privacy.NAMES.items()}
    named["a spreadsheet's numbers for dates"] = dates
    return {
        "names": [{"kind": kind} | how for kind, how in named.items()],
        "values": [
            {
                "kind": kind.name,
                "patterns": [_fitting(pattern) for pattern in kind.patterns],
                "longer": kind.longer or None,
                "not_in": ["id"] * kind.own + ["label"] * bool(kind.longer),
            }
            for kind in privacy.VALUES
        ],
        "surname": _whole(privacy.SURNAME),
        "remark": _pattern(privacy.REMARKS),
    }


def _fitting(pattern: privacy.Pattern) -> dict[str, Any]:
    """Write a pattern with what else must hold; names need one capital letter, no more."""
    start, end = {"is": ("^(?:", ")$"), "begins": ("^", ""), "has": ("", "")}[pattern.how]
    start = r"^(?=.*\p{Uppercase})(?:" if pattern.letters else start
    # two multiples of a step are a range, other such numbers are not
    unless = [_whole(other.regex) for other in pattern.unless if other.multiples == 1]
    return {
        "pattern": _pattern(pattern.regex, start, end),
        "digits": pattern.digits,
        "unless": unless,
    }


_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\[wd]")


def _whole(pattern: re.Pattern[str]) -> dict[str, str]:
    return _pattern(pattern, "^(?:", ")$")


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
    """Write a claim as the page's scripts judge it."""
    kept = ("endpoint", "exposure", "column", "level", "or_higher", "better", "by", "group",
            "of", "others")  # fmt: skip
    claim = verdicts.about(entry) | {"how": entry.how}
    claim |= {k: v for k, v in entry.details.items() if k in kept}
    if entry.kind in ("ordering", "direction"):
        return claim
    claim |= {"value": entry.fraction, "percent": entry.unit == "percent"}
    claim |= {"rounding": entry.rounding}
    if entry.how == "counted":
        claim["source"] = " and ".join(cohort.DERIVED.get(claim["column"], (claim["column"],)))
    claim["expected"], claim["expected_size"] = verdicts.in_paper(entry, registry)
    claim["margin"] = [float(bound) for bound in consistency.margin(claim["expected"])]
    far = diagnostics.very_large(claim["expected"])
    claim["very_large"] = [None if math.isnan(rate) else rate for rate in far]
    claim["margin_text"] = verdicts.margin_text(claim["expected"])
    return claim if entry.how == "counted" else claim | {"day": verdicts.day_of(entry)}


def _examples() -> dict[str, str]:
    """Give the cohorts that ship with the package, as CSV."""
    name = cohort.DEFAULT_COHORT
    file = resources.files("cartanalysis.study") / "data" / f"{name}.csv"
    made = {key: make() for key, make in examples.EXAMPLES.items()}
    as_csv = {key: table.to_csv(index=False, lineterminator="\n") for key, table in made.items()}
    return {name: file.read_text(encoding="utf-8")} | as_csv
