"""What a file says of its own columns in names, labels, dictionaries: units, first days, codes."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from cartanalysis.contract import Field
from cartanalysis.errors import shown
from cartanalysis.intake.cells import DAYS, Fault, level_of
from cartanalysis.intake.source import Column, filled
from cartanalysis.intake.words import ANSWERS, BARE, WORDS, expression, meaning, repaired, tokens
from cartanalysis.text import fold, same_code

UNIT_WORDS = {word: unit for unit, words in WORDS["units"].items() for word in words}
"""Unit by a word for it."""

COUNTED_FROM = {"os_days": "infusion", "rfs_days": "remission", "hsct_day": "infusion"}
"""The day from which each of our times counts."""

SPAN = re.compile(r"\d+[\s-]*[^\W\d_]+")  # a span, such as 5 years, which is no unit
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")


def without_brackets(text: str) -> str:
    """Leave out what a name or label says in brackets: units and codes."""
    return _BRACKETS.sub(" ", unicodedata.normalize("NFKC", repaired(text))).strip()


# --- units and first days ------------------------------------------------------------------------


def unit_in(text: str) -> str:
    """Find the unit that a name or label states."""
    words = tokens(text)
    # one letter is a unit only as the last word: os_d
    last = len(words) - 1
    found = {
        UNIT_WORDS[w]
        for i, w in enumerate(words)
        if w in UNIT_WORDS and (len(w) > 1 or not w.isascii() or w == "%" or 0 < i == last)
    }
    if found == {"percent", "fraction"}:  # "proportion (%)"
        return "percent"
    return found.pop() if len(found) == 1 else ""


def unit_column(name: str) -> str:
    """Name the column that would hold the units of another, as in ADaM."""
    variable, _, parameter = name.partition(":")
    return f"{variable}U" + (f":{parameter}" if parameter else "")


def other_units(column: Column, spec: Field, cells: Mapping[str, Sequence[str]]) -> list[Fault]:
    """Find units of time, other than ours, in a column's name, label and column of units."""
    if spec.unit not in DAYS:
        return []
    texts = {*map(fold, filled(cells.get(unit_column(column.name), [])))}
    told = [("column of units", f"in {text}") for text in sorted(texts)]
    found = {}
    for place, text in (*told, ("label", column.label), ("name", column.name)):
        unit = unit_in(SPAN.sub(" ", text))
        is_day_of_age = spec.unit == "years" and unit == "days"
        if unit in DAYS and unit != spec.unit and not is_day_of_age:
            found[unit] = Fault(
                f"its {place} says {unit}, but {spec.name} is in {spec.unit}",
                f"Convert it, or say “unit: {unit}” in a mapping file; “unit: {spec.unit}” if the "
                f"{place} is wrong",
            )
    return list(found.values())


_BEGINS = (
    rf"(?:\b(?:{expression(WORDS['since'])})(?: (?:the|date|day|time|of|der|dem|le|la)\b)* |[自从])"
)
_BEGINNING = {
    day: re.compile(f"{_BEGINS}(?:{expression(words)})")
    for day, words in WORDS["beginnings"].items()
}
_WITHOUT_BEGINNING = re.compile(
    rf"\b(?:{expression(WORDS['beginnings']['diagnosis'])})|"
    + expression(WORDS["beginnings"]["randomisation"])
)


_FIRST_DAYS = tuple(WORDS["first_days"])
_ALIKE = 0.87
"""How alike words of eight letters or more are that differ in one."""


@lru_cache(maxsize=10_000)
def _spelt(word: str) -> str:
    """Correct one letter of a word for a first day, as in “diagonosis”, cBioPortal's own."""
    close = difflib.get_close_matches(word, _FIRST_DAYS, 1, _ALIKE) if len(word) > 7 else []
    return close[0] if close else word


def origin_in(column: Column, target: str) -> str:
    """Tell from which day a name, label or description counts a time."""
    told = " ".join(map(_spelt, tokens(f"{column.name} {column.said}")))
    found = [day for day, words in _BEGINNING.items() if words.search(told)]
    ours = COUNTED_FROM[target]
    if ours in found:
        return ours
    if ours != "infusion":  # a remission is another day, too
        found = [day for day in found if day != "another day than treatment"]
    if not found and _WITHOUT_BEGINNING.search(told) and "infusion" not in told:
        return "diagnosis" if "random" not in told else "randomisation"
    return found[0] if found else ""


def without_beginning(text: str) -> str:
    """Leave out from which day a time counts, as in ``OS since diagnosis``."""
    told = " ".join(tokens(text))
    for words in _BEGINNING.values():
        told = re.sub(rf"{words.pattern}\w*", " ", told)
    return told


DELAYED_ENTRY = (
    " Who died between diagnosis and infusion is not in the file: counted from diagnosis, the time "
    "up to infusion would be survived by everybody (immortal time)."
)
"""Why survival of treated patients is not counted from diagnosis."""


def other_origin(column: Column, target: str) -> Fault | None:
    """Find a time that the file says counts from another day than ours does."""
    ours = COUNTED_FROM.get(target, "")
    stated = origin_in(column, target) if ours else ""
    if stated in ("", ours):
        return None
    what = f"by its name or label it counts from {stated}, but {target} counts from {ours}"
    remedy = (
        f"In a mapping file, take the time up to {ours} off, as {target}: {{days: "
        f"[{column.name}], since: column with the time from {stated} to {ours}}}, or count from "
        f"dates; if it does count from {ours}, say “origin: {ours}” there"
    )
    if (target, stated) == ("os_days", "diagnosis"):
        remedy += f".{DELAYED_ENTRY}".removesuffix(".")
    return Fault(what, remedy)


# --- codes ---------------------------------------------------------------------------------------

_CODE = r"(?<![\w.])(\d{1,3}|[A-Za-z]{1,3})"
_WORD = r"([^,;|()\[\]{}/=:、。]+?)"
_IS = "(?:[=:→]|[-=]>)"
_LEGEND = re.compile(rf"{_CODE}\s*{_IS}\s*{_WORD}\s*(?=[,;|()\[\]{{}}/、。]|$|\s{_CODE}\s*{_IS})")
_LEGEND_TURNED = re.compile(
    r"([^\W\d_][^,;|()\[\]{}/=:、。]*?)\s*(?:[=:]\s*(\d{1,2})(?=\s*(?:[,;|)\]}/、。]|$))|"
    r"[(\[](\d{1,2})[)\]])"
)
_LISTED = re.compile(r"\s*(\d{1,2})\s*[-–—.)]?\s*([^\W\d].*?)\s*")  # 0 - dead
_ROW = re.compile(r"(?:^|[\s_:(\[{])((?:\d[\s-]?[^\W\d_]+[\s_,;|/、]*){2,})[)\]}]?$")
"""Codes and words one after the other, as in "status 0 dead 1 alive"."""

_SLASHED = re.compile(r"(?<![\w/])(\w+(?:/\w+)+)\s*[=:]?\s*[(\[]?\s*(\w+(?:/\w+)+)(?![\w/])")
"""Codes and words side by side, as in "0/1 (dead/alive)"."""


def legend(label: str) -> dict[str, str]:
    """Find what a text says of codes, as in "status (0 = alive, 1 = dead)"."""
    text = unicodedata.normalize("NFKC", label)
    if slashed := _slashed(text):
        return slashed
    found = [(code, word) for code, word, _ in _LEGEND.findall(text)]
    if len(found) == 1 and found[0][0].isalpha():  # a heading, as in "CRS: grade"
        found = []
    if not found or all(word.isdigit() for _, word in found):  # "dead = 1, alive = 0", "F = 1"
        turned = [(one or other, word) for word, one, other in _LEGEND_TURNED.findall(text)]
        found = turned if len(turned) > 1 or any(c in ("0", "1") for c, _ in turned) else []
    if not found:
        for inner in _BRACKETS.findall(text):
            parts = [
                _LISTED.fullmatch(part) for part in re.split(r"[,;|/、]", inner[1:].rstrip(")]}"))
            ]
            if len(parts) > 1 and all(parts):
                found = [(part[1], part[2]) for part in parts if part]
    if not found and (row := _ROW.search(text)):
        found = re.findall(r"(\d)[\s-]?([^\W\d_]+)", row[1])
    return {code: word.strip() for code, word in found}


def _slashed(text: str) -> dict[str, str]:
    """Find codes and words that are listed side by side, as in "status 0/1 (dead/alive)"."""
    found = _SLASHED.search(text)
    one, other = (part.split("/") for part in found.groups()) if found else ([], [])
    codes, words = (one, other) if all(map(str.isdigit, one)) else (other, one)
    fits = len(codes) == len(words) and all(map(str.isdigit, codes))
    return dict(zip(codes, words, strict=True)) if fits and not any(map(str.isdigit, words)) else {}


def bare_name(text: str) -> str:
    """Leave out what a name or label says in brackets or of its codes, as "dead: 0=no, 1=yes"."""
    bare = without_brackets(text)
    starts = [
        found.start()
        for pair in legend(bare).items()
        for code, word in (pair, pair[::-1])
        if (found := re.search(rf"(?<![^\W_]){re.escape(code)}\W*{re.escape(word)}", bare))
    ]
    slashed = _SLASHED.search(bare)
    starts += [slashed.start()] if slashed and _slashed(bare) else []
    bare = bare[: min(starts)] if starts else re.sub(r"\s\d(/\d)+$", "", bare)
    return bare.rstrip(" :,;_-/")


def choices_of(column: Column) -> Mapping[str, str]:
    """Give what a dictionary, or else a legend in label or name, says of a column's codes."""
    return column.choices or legend(column.said) or legend(column.name)


def words_of(column: Column, texts: Iterable[str]) -> dict[str, str]:
    """Give each text with what the file says that it means, or itself."""
    told = {same_code(code): word for code, word in choices_of(column).items()}
    return {text: told.get(same_code(text), text) for text in texts}


MAX_LEVELS = 12  # a column of groups or codes with more different values is something else


def meanings_of(column: Column, cells: Iterable[str]) -> dict[str, str]:
    """Give what each different text of a column means by the file, or says; of many, nothing."""
    texts = {*filled(cells)}
    return words_of(column, sorted(texts)) if len(texts) <= MAX_LEVELS else {}


def answers(column: Column, cells: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Sort the different texts of a column by what they answer: yes, no or nothing."""
    words = meanings_of(column, cells)
    said = {text: ANSWERS.get(same_code(word), "") for text, word in words.items()}
    return {a: tuple(t for t, answer in said.items() if answer == a) for a in ("yes", "no", "")}


_CENSORED = re.compile(r"(os|rfs|efs|dfs|pfs|lfs)?(cens|zens|cnsr)")
_LIVING = re.compile(r"(os)?(alive|living|lebt|lebend|survivors?|survived|vivant)|.*存活")
_SURVIVAL = frozenset({"survival", "überleben", "ueberleben", "survie", "supervivencia", "生存"})
_HAD_EVENT = re.compile(
    r"dead|died|death|deceased|events?|tot|tod|verstorben|gestorben|.*死亡|relapsed?"
)


def opposite(column: Column, texts: Iterable[str] = ()) -> str:
    """Tell whether a column says who had no event, as ADaM's CNSR does."""
    name = tokens(re.sub(r"[\w-]+ *=.*", " ", without_brackets(column.name)))
    label = tokens(re.sub(r"[\w-]+ *[=:].*", " ", without_brackets(column.label)))
    if any(_CENSORED.match(w) for w in (*name, *_one_sided(label), *label[:1])):
        return "is censored"
    alive = any(_LIVING.fullmatch(w) for w in (*_one_sided(name), *_one_sided(label)))
    answers = {fold(text) for text in (*texts, *choices_of(column).values())}
    if any(a in BARE and not a.isdigit() for a in answers):  # "survival: yes" is no event
        alive |= any(words[-1:] and words[-1] in _SURVIVAL for words in (name, label))
    return "is alive" if alive else ""


def _one_sided(words: list[str]) -> list[str]:
    """Leave out a text that names the event too, as in "dead or alive"."""
    return [] if any(_HAD_EVENT.fullmatch(w) for w in words) else words


_SOME_GRADES = re.compile(r"[≥>]|severe|any grade|schwer|sévère|grave|重症|重度", re.IGNORECASE)


def _only_answers(column: Column, texts: Collection[str]) -> bool:
    """Tell whether a column asks whether there was a grade, or a high one, as in "CRS ≥3 (Y/N)"."""
    words = {fold(word) for word in choices_of(column).values()}
    named = f"{column.name} {column.label}"
    asks = _SOME_GRADES.search(named) is not None and {*texts} <= {"0", "1"}
    return asks or any(word in BARE and not word.isdigit() for word in words)


def doubt(column: Column, spec: Field, cells: Iterable[str]) -> Fault | None:
    """Find what speaks against reading a column's codes as they are."""
    texts = sorted({*filled(cells)})
    if spec.kind == "grade" and texts and _only_answers(column, texts):
        what = "the column seems to say whether there was a grade, or a high one, not which"
        remedy = "Take the column of the grades; if these are grades, write levels: for them"
        return Fault(what, remedy)
    against = contradiction(column, spec, {text: level_of(spec, text) for text in texts})
    if against is not None:
        return against
    turned = spec.kind == "event" and opposite(column, texts)
    # "1 = yes" explains nothing where the question is not said
    if turned and any(fold(word) in BARE for word in words_of(column, texts).values()):
        what = f"the column seems to say who {turned}, not who had the event"
        remedy = (
            "In a mapping file, write coding: cnsr if 0 is the event, coding: event if 1 is, or "
            "levels: for words"
        )
        return Fault(what, remedy)
    return None


def contradiction(
    column: Column, spec: Field, read: Mapping[str, str | None], *, answers: bool = True
) -> Fault | None:
    """Find codes that the file itself explains otherwise than they are read."""
    told = {same_code(code): word for code, word in choices_of(column).items()}
    against = {}
    for text, ours in read.items():
        word = told.get(same_code(text), "")
        if ours is None or not word or (not answers and fold(word) in BARE):
            continue
        known, meant = meaning(spec.name, word)
        if known and meant != ours:
            against[text] = meant
    if not against:
        return None
    says = ", ".join(f"{shown(text)} means {shown(told[same_code(text)])}" for text in against)
    names = {"0": "no event", "1": "an event"} if spec.kind == "event" else {}
    levels = {text: level or "" for text, level in read.items()}
    reads = ", ".join(f"{shown(t)} is {names.get(levels[t], shown(levels[t]))}" for t in against)
    if spec.kind == "event" and len(read) == 2 and len(against) == 1:  # the other one follows
        (meant,) = against.values()
        turned = {"0": "1", "1": "0"}.get(meant or "")
        against = {text: against.get(text, turned) for text in read}
    pairs = ", ".join(f'"{t}": {"null" if m is None else m}' for t, m in against.items())
    what = f"the data dictionary, label or name says that {says}; in {spec.name} {reads}"
    return Fault(what, f"In a mapping file, write levels: for it, such as {{{pairs}}}")
