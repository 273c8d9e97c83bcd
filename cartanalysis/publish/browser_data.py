"""What the page “Try your cohort” must know of the package, as data for its scripts.

The contract, its limits and spellings, the published values and the examples are written down once,
in the package; the browser reads them from here.
"""

from __future__ import annotations

import json
import math
import re
from importlib import resources
from typing import Any

import pandas as pd

from cartanalysis import contract as cohort
from cartanalysis import errors
from cartanalysis import text as wording
from cartanalysis.claims import power, verdicts
from cartanalysis.claims.registry import Entry, Registry
from cartanalysis.figures import km, style
from cartanalysis.intake import admission, cells, checking, hints, mapping, rules
from cartanalysis.intake import identifiers as privacy
from cartanalysis.intake.reading import cbioportal, delimited, redcap, table
from cartanalysis.stats import permutation
from cartanalysis.stats.response import ALL
from cartanalysis.stats.survival import ENDPOINTS
from cartanalysis.study import examples
from cartanalysis.study.published import load

CONFIDENCE = 0.95
"""Coverage of every interval on the page."""

MAX_BYTES = 32 * 2**20
"""32 MB: twenty thousand patients with every column of the contract need a tenth of it."""

GROUPINGS = {
    "emd_any": "extramedullary disease, any",
    "emd_other": "extramedullary disease other than CNS",
    "emd": "extramedullary disease, three groups",
    "treg_group": "regulatory T cells, low or high",
    "genetic_risk": "genetic risk",
    "sex": "sex",
    "prior_hsct": "transplant before CAR T",
    "response": "best response",
    "arm": "treatment arm",
}
"""Columns by which the page compares groups, as shown."""


def contents() -> dict[str, Any]:
    """Collect everything that the page's scripts read."""
    registry = load()
    return {
        "confidence": CONFIDENCE,
        "fields": [_field(spec) for spec in cohort.FIELDS.values()],
        "derived": _derived(),
        "pairs": cohort.PAIRS,
        "missing": sorted(cohort.MISSING),
        "patterns": {
            "plain": _whole(cells.PLAIN),
            "whole": _whole(cells.WHOLE),
            "decimal_comma": _whole(cells.DECIMAL_COMMA),
            "thousands": _whole(cells.THOUSANDS),
            "dotted": _whole(cells.DOTTED),
            "grade": _whole(cells.GRADE),
            "share": _whole(cells.SHARE),
            "one_word": _whole(rules.ONE_WORD),
            "measured": _whole(cells.MEASURED),
            "lost": _whole(rules.LOST),
            "whole_id": _whole(wording._WHOLE),
            "unseen": _pattern(wording.UNSEEN) | {"flags": "gu"},
            "hyphens": _pattern(wording.HYPHENS) | {"flags": "gu"},
            "apart": _pattern(checking.APART) | {"flags": "gu"},
            "separator": _pattern(table.SEPARATOR),
        },
        "look_alikes": wording.LOOK_ALIKES,
        "letters": wording.LETTERS,
        "order": {
            "scales": wording.SCALES,
            "roman": wording.ROMAN,
            "step": _whole(wording.STEP),
            "plain": _whole(wording.PLAIN),
            "number": _pattern(wording.NUMBER),
            "below": _pattern(wording._BELOW),
            "above": _pattern(wording._ABOVE),
        },
        "no_numbers": [
            _whole(pattern) | {k: said.get(k, "") for k in ("unit", "what", "remedy")}
            for pattern, said in cells.NO_NUMBERS
        ],
        "shares": {"few": cells.FEW, "gap": cells.GAP, "mixed": cells.MIXED},
        "separators": {
            "usual": delimited.USUAL,
            "all": delimited.FORMS,
            "aligned": delimited.ALIGNED,
        },
        "often_missing": sorted(cells.OFTEN_MISSING),
        "signs_of_missing": sorted(mapping.SIGNS_OF_MISSING),
        "longest_number": cells.MAX_LENGTH,
        "units": {"of": hints.UNIT_WORDS, "times": list(cells.DAYS)},
        "span": _pattern(hints.SPAN) | {"flags": "gu"},
        "summaries": sorted(rules.SUMMARIES),
        "many_deaths": rules.MANY_DEATHS,
        "many_alike": rules.MANY_ALIKE,
        "redcap": {
            "dictionaries": redcap.HEADINGS,
            "own": list(redcap.OWN),
            "record": redcap.RECORD,
            "events": redcap.EVENTS,
            "status": ["", *redcap.STATUS],
        },
        "cbioportal": {"id": cbioportal.ID, "missing": sorted(cbioportal.MISSING)},
        "limits": {
            "bytes": MAX_BYTES,
            "patients": table.MAX_PATIENTS,
            "columns": table.MAX_COLUMNS,
            "cells": table.MAX_CELLS,
            "cell": table.MAX_CELL_LENGTH,
            "told": table.MAX_TOLD,
            "start": delimited.START,
            "ahead": delimited.AHEAD,
            "titles": table.MAX_TITLE_LINES,
            "name": table.MAX_NAME_LENGTH,
            "alike": errors.ALIKE_SHOWN,
            "ignored": mapping.NAMES_SHOWN,
            "groups": cohort.MAX_GROUPS,
        },
        "privacy": _privacy(),
        "suspicious": {
            "few": admission.FEW,
            "short_follow_up": admission.SHORT_FOLLOW_UP,
            "short_with_decimals": admission.SHORT_WITH_DECIMALS,
            "long_follow_up": admission.LONG_FOLLOW_UP,
            "months_apart": admission.MONTHS_APART,
        },
        "all": ALL,
        "endpoints": {
            key: {"name": e.name, "origin": e.origin, "state": e.state, "days": e.days}
            | {"event": e.event}
            for key, e in ENDPOINTS.items()
        },
        "claims": [_claim(entry, registry) for entry in registry.claims],
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
        "verdicts": {verdict.name.lower(): verdict for verdict in verdicts.Verdict},
        "groupings": GROUPINGS,
        "steps": km.STEPS["days"],
        "ticks": km.MAX_TICKS,
        "colours": style.COLOURS,
        "spare": style.SPARE,
        "examples": _examples(),
    }


def script() -> str:
    """Write `contents` as a script, which a page may load without any server."""
    text = json.dumps(contents(), ensure_ascii=False, allow_nan=False)
    return f"(globalThis.cart ??= {{}}).data = {text};\n"


def _field(spec: cohort.Field) -> dict[str, Any]:
    return {
        "name": spec.name,
        "meaning": spec.meaning,
        "kind": spec.kind,
        "levels": spec.levels,
        "unit": spec.unit,
        "spellings": dict(spec.spellings),
        "allowed": spec.allowed,
        "required": spec.name in cohort.REQUIRED,
        "high": spec.high if math.isfinite(spec.high) else None,
        "check": _check(spec.name),
    }


def _check(name: str) -> dict[str, Any] | None:
    """Put what a column may hold into data; identifiers and labels may hold any text."""
    spec = cohort.FIELDS[name]
    said = dict(zip(("what", "remedy"), spec.unfit, strict=True))
    if spec.kind == "number":
        return said | {"low": spec.low, "high": spec.high}
    values = spec.levels or [float(value) for value in spec.values]
    return said | {"values": list(values)} if values else None


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


def _privacy() -> dict[str, Any]:
    return {
        "oldest": privacy.OLDEST,
        "age": _whole(privacy.AGE),
        "share": privacy.SHARE,
        "sample": privacy.SAMPLE,
        "strict": [name for name, spec in cohort.FIELDS.items() if spec.kind == "label"],
        "answers": sorted(privacy.ANSWERS),
        "institution": _pattern(privacy.INSTITUTION),
        "surname": _whole(privacy.SURNAME),
        "without_case": _whole(privacy.WITHOUT_CASE),
        "remark": _pattern(privacy.REMARKS) | {"words": privacy.REMARK},
        "names": [{"kind": kind} | _pattern(p) for kind, p in privacy.NAMES.items()],
        "date_name": _pattern(privacy.DATE_NAME),
        "serial": _whole(privacy.SERIAL),
        "measured_name": _pattern(privacy.MEASURED_NAME),
        "measurement": _whole(privacy.MEASUREMENT),
        "long_name": _pattern(privacy.LONG_NAME),
        "nearly_all": privacy.NEARLY_ALL,
        "values": [
            {
                "kind": kind.name,
                "any": kind.any,
                "shown": kind.shown,
                "free": kind.own,
                "freeButId": kind.own_but_id or kind.own,
                "different": kind.different,
                "numeric": kind.numeric,
                "person": kind.person,
            }
            | ({"longer": kind.longer} if kind.longer else {})
            | ({"patterns": [_fitting(p) for p in kind.patterns]} if kind.patterns else {})
            for kind in privacy.VALUES
        ],
    }


def _fitting(pattern: privacy.Pattern) -> dict[str, Any]:
    """Write a pattern with what else must hold."""
    start, end = {"is": ("^(?:", ")$"), "begins": ("^", ""), "has": ("", "")}[pattern.how]
    more: dict[str, Any] = (
        {"unless": [_fitting(other) for other in pattern.unless]} if pattern.unless else {}
    )
    if pattern.multiples > 1:
        more["multiples"] = pattern.multiples
    return (
        _pattern(pattern.regex, start, end)
        | more
        | {key: value for key in ("digits", "letters") if (value := getattr(pattern, key))}
    )


def _whole(pattern: re.Pattern[str]) -> dict[str, Any]:
    return _pattern(pattern, start="^(?:", end=")$")


_TOKEN = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\.|\.")
_BLANK = "".join(f"\\u{i:04x}" for i in range(2**16) if chr(i).isspace())
_ASCII = {"w": "A-Za-z0-9_", "d": "0-9", "s": r" \t-\r"}
_UNICODE = {"w": r"\p{L}\p{N}_", "d": r"\p{Nd}", "s": _BLANK}
_LETTERS = r"[^\W\d_]"


def _pattern(pattern: re.Pattern[str], start: str = "", end: str = "") -> dict[str, Any]:
    """Write a Python pattern for JavaScript, where only ``\\p`` classes know other alphabets."""
    classes = _ASCII if pattern.flags & re.ASCII else _UNICODE
    source = _TOKEN.sub(lambda found: _translated(found[0], classes), pattern.pattern)
    flags = "ui" if pattern.flags & re.IGNORECASE else "u"
    return {"source": f"{start}{source}{end}", "flags": flags}


def _translated(token: str, classes: dict[str, str]) -> str:
    """Translate a class of characters, an escaped character or a point."""
    if token == ".":
        return r"[^\n]"
    if token == _LETTERS:
        return r"[\p{L}\p{Nl}\p{No}]"
    if re.search(r"\\[bBAZ]" if token[0] == "\\" else r"\\[WDS]", token):
        raise ValueError(f"{token} has no translation for JavaScript yet")
    if token[0] == "[":
        return re.sub(r"\\([wds])", lambda found: classes[found[1]], token)
    known = classes.get(token[1].lower(), "")
    if not known:
        return token
    return f"[{known}]" if token[1].islower() else f"[^{known}]"


def _claim(entry: Entry, registry: Registry) -> dict[str, Any]:
    """Write a claim as the page's scripts judge it."""
    kept = ("endpoint", "exposure", "column", "level", "by", "group", "of", "others")
    claim = verdicts.about(entry) | {"how": entry.how}
    claim |= {k: v for k, v in entry.details.items() if k in kept}
    if entry.kind in ("ordering", "direction"):
        return claim
    claim |= {"value": entry.fraction, "percent": entry.unit == "percent"}
    claim |= {"rounding": entry.rounding}
    if entry.how == "counted":
        claim["source"] = cohort.DERIVED.get(claim["column"], claim["column"])
    claim["expected"], claim["expected_size"] = verdicts.in_paper(entry, registry)
    return claim if entry.how == "counted" else claim | {"day": verdicts.day_of(entry)}


def _examples() -> list[dict[str, str]]:
    """Give the cohorts that ship with the package, and the commands that publish them."""
    name = cohort.DEFAULT_COHORT
    file = resources.files("cartanalysis.study") / "data" / f"{name}.csv"
    shipped = [
        {
            "name": name,
            "label": "the reconstruction (not patient data)",
            "csv": file.read_text(encoding="utf-8"),
            "command": f"cartanalysis publish {name} --out my-site",
        }
    ]
    for key, make in examples.EXAMPLES.items():
        shipped.append(
            {
                "name": key,
                "label": "6-mercaptopurine in acute leukaemia (1963)",
                "csv": make().to_csv(index=False, lineterminator="\n"),
                "command": f"cartanalysis example {key} > {key}.csv\n"
                f"cartanalysis publish {key}.csv --out my-site",
            }
        )
    return shipped
