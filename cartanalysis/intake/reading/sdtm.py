"""CDISC SDTM: from the domains DM, EX, AE, RS and DS to one row per subject.

DM gives its columns as they are. ``TRTSDT`` is computed as ADaM's: the first infusion in EX,
otherwise RFXSTDTC. AE gives the highest grades from that day on, as ADAE does. RS gives
``RSSTRESC:<RSTESTCD>``, the best response from that day on where there are several, and the days
``RSDTC:remission`` and ``RSDTC:relapse``; DS the first day of each disposition,
``DSSTDTC:<DSDECOD>``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cartanalysis.errors import listed
from cartanalysis.intake.reading import adam
from cartanalysis.intake.reading.table import check_size
from cartanalysis.intake.source import Column, Source
from cartanalysis.intake.words import DOUBTFUL, SURE, UNKNOWN, WORDS, expression
from cartanalysis.text import fold

DATASETS = ("DM", "EX", "AE", "RS", "DS")  # in the order in which they are put together

_NEEDED = {
    "DM": ("USUBJID", "DOMAIN"),
    "EX": ("USUBJID", "EXTRT", "EXSTDTC"),
    "AE": ("USUBJID", "AEDECOD"),
    "RS": ("USUBJID", "RSTESTCD", "RSSTRESC"),
    "DS": ("USUBJID", "DSDECOD"),
}
_TREATED = {"TRTSDT": "EX or RFXSTDTC gives the day"}
_RESPONSES = ("CR", "CRi", "NR")  # the best first
_NOT_SEEN = frozenset({"ne", "not evaluable", "inevaluable"})
_INFUSED = re.compile(expression(WORDS["concepts"]["infusion"]))
_RELAPSED = re.compile(expression(WORDS["relapsed"]))
_TOLD = 20

Record = tuple[str, int]  # a day, written as 2021-02-28, and the place of its row


def recognise(source: Source) -> str | None:
    """Tell which SDTM domain a table is."""
    names = {column.name.upper() for column in source.columns}
    stem = source.name.split(".")[0].upper()
    is_one = len(names) == len(source.columns) and {*_NEEDED.get(stem, ("?",))} <= names
    return stem if is_one else None


def one_row_per_subject(datasets: Mapping[str, Source], name: str) -> Source:
    """Put SDTM domains of one study together."""
    table = adam.Subjects(has_adsl=True)
    sources = {}
    for kind in (k for k in DATASETS if k in datasets):
        table.prefix = f"{kind}: "
        sources[kind] = table.enter(datasets[kind], is_first=kind == "DM")
    _add_first_day(sources.get("EX"), table)
    for kind, add in (("AE", adam.add_grades), ("RS", _add_responses), ("DS", _add_dispositions)):
        table.prefix = f"{kind}: "
        if kind in sources:
            add(sources[kind], table)
    _take_flag_of_death(sources["DM"], table)
    check_size(name, table.columns, len(table.rows))
    forms = ", ".join(sorted({datasets[kind].form for kind in sources}))
    return adam.finished(table, name, f"SDTM {', '.join(sources)} ({forms})", _TREATED)


def _by_word(source: Source, column: str, day: str) -> dict[str, dict[str, Record]]:
    """Give each subject's first day of each word of a column; a record needs a day."""
    found: dict[str, dict[str, Record]] = {}
    days = source.cells.get(day, [""] * len(source.rows))
    records = zip(source.cells[column], source.cells["USUBJID"], days, strict=True)
    for i, (word, subject, when) in enumerate(records):
        if word and when:
            of_word = found.setdefault(word, {})
            of_word[subject] = min(of_word.get(subject, (when[:10], i)), (when[:10], i))
    return found


def _add(
    table: adam.Subjects, name: str, label: str, values: Mapping[str, str], *, is_part: bool = False
) -> None:
    """Add a computed column; of none, nothing."""
    if values:
        table.columns[name] = Column(name, label, is_part=is_part)
        table.values[name] = dict(values)


def _days(records: Mapping[str, Record]) -> dict[str, str]:
    return {subject: day for subject, (day, _) in records.items()}


# --- the first day -------------------------------------------------------------------------------


def _add_first_day(exposure: Source | None, table: adam.Subjects) -> None:
    """Find the day of infusion: of the cells among the treatments of EX, otherwise RFXSTDTC."""
    given = {s: day[:10] for s, day in table.values.get("RFXSTDTC", {}).items() if day}
    by_treatment = {} if exposure is None else _by_word(exposure, "EXTRT", "EXSTDTC")
    infused = [word for word in by_treatment if _INFUSED.search(fold(word))]
    if not infused and len(by_treatment) == 1 and not given:
        infused = [*by_treatment]
    if infused:
        days = [pair for word in infused for pair in _days(by_treatment[word]).items()]
        table.notes.append(
            f"TRTSDT, the day of infusion, is the first day of {listed(infused, _TOLD)} in EX."
        )
        given = dict(sorted(days, reverse=True))  # the first day of each subject comes last
    elif given:
        among = "; EX names no CAR T cells" if by_treatment else ""
        table.notes.append(
            "TRTSDT, the day of infusion, is taken from RFXSTDTC, the first day of any treatment "
            f"of the study{among}."
        )
    _add(table, "TRTSDT", "date of infusion", given)
    for word, records in by_treatment.items():
        _add(table, f"EXSTDTC:{word}", f"first day of {word}", _days(records), is_part=True)


# --- responses -----------------------------------------------------------------------------------


def _add_responses(source: Source, table: adam.Subjects) -> None:
    """Make columns of the best response of each test, and of the days of remission and relapse."""
    left_out = []
    by_test = _from_infusion_on(source, table)
    for test, of_test in by_test.items():
        texts = [source.cells["RSSTRESC"][i] for found in of_test.values() for i in found]
        several = any(len(found) > 1 for found in of_test.values())
        if several and sum(_rank(text) is None for text in texts) > len(texts) / 2:
            left_out.append(test)  # such as MRD at each visit
            continue
        label = _label(source, test, of_test)
        if several:
            label = f"best overall response ({label}, from the infusion on)"
            table.notes.append(f"RS: of {test} the best response from the infusion on counts.")
        best = {subject: _best(source, table, found) for subject, found in of_test.items()}
        _add(table, f"RSSTRESC:{test}", label, best)
    if left_out:
        told = ", ".join(left_out)
        table.notes.append(
            f"RS: {told} left out, with several records per subject that are no responses."
        )
    tests = [test for test in by_test if test not in left_out]
    overall = [t for t in tests if "overall" in fold(f"{t} {_label(source, t, by_test[t])}")]
    chosen = overall or tests
    if len(chosen) == 1:
        _add_course(source, table, by_test[chosen[0]])
    elif chosen:
        table.notes.append(
            f"RS: which of {', '.join(chosen)} tells of remission and relapse is not known, so "
            "there are no days of them."
        )


def _from_infusion_on(source: Source, table: adam.Subjects) -> dict[str, dict[str, list[int]]]:
    """Give the filled records of each test and subject, without those before the infusion."""
    cells, first = source.cells, table.values.get("TRTSDT", {})
    days = cells.get("RSDTC", [""] * len(source.rows))
    found: dict[str, dict[str, list[int]]] = {}
    for i, (test, subject) in enumerate(zip(cells["RSTESTCD"], cells["USUBJID"], strict=True)):
        day = days[i][:10]
        # of a date without its day it counts what is known
        is_before = bool(day) and day < first.get(subject, "")[: len(day)]
        if test and cells["RSSTRESC"][i] and not is_before:
            found.setdefault(test, {}).setdefault(subject, []).append(i)
    return found


def _label(source: Source, test: str, records: Mapping[str, list[int]]) -> str:
    names = source.cells.get("RSTEST", [])
    return next((names[i] for found in records.values() for i in found if names and names[i]), test)


def _best(source: Source, table: adam.Subjects, records: list[int]) -> str:
    """Choose the best of a subject's responses; one alone stays as it is."""
    texts = [source.cells["RSSTRESC"][i] for i in records]
    strange = [i for i, text in zip(records, texts, strict=True) if _rank(text) is None]
    if len(records) > 1 and strange:
        what = "the word is no response known here, so no best one can be chosen"
        remedy = "Write CR, CRi or NR, or one record per subject"
        table.tell(source, strange[0], "RSSTRESC", what, remedy)
    return min(texts, key=lambda text: _rank(text) or 0)


def _rank(text: str) -> int | None:
    """Give the place of a response, the best first; of one that is not known, the last."""
    word = fold(text)
    level = SURE["response"].get(word) or DOUBTFUL["response"].get(word)
    if word in UNKNOWN | _NOT_SEEN or _RELAPSED.search(word):
        return len(_RESPONSES)
    return None if level is None else _RESPONSES.index(level)


def _add_course(source: Source, table: adam.Subjects, records: Mapping[str, list[int]]) -> None:
    """Find the first day of a remission, and after it that of a relapse or progression."""
    remission: dict[str, str] = {}
    relapse: dict[str, str] = {}
    days = source.cells.get("RSDTC", [""] * len(source.rows))
    for subject, found in records.items():
        for i in sorted((i for i in found if days[i]), key=lambda i: days[i]):
            text = source.cells["RSSTRESC"][i]
            if _rank(text) in (0, 1):  # CR or CRi
                remission.setdefault(subject, days[i][:10])
            elif subject in remission and _RELAPSED.search(fold(text)):
                relapse.setdefault(subject, days[i][:10])
    _add(table, "RSDTC:remission", "first day of a complete remission", remission)
    _add(table, "RSDTC:relapse", "first day of relapse or progression after it", relapse)


# --- the end -------------------------------------------------------------------------------------


def _add_dispositions(source: Source, table: adam.Subjects) -> None:
    """Make a column of the first day of each disposition, and of the last one without DM's."""
    last: dict[str, str] = {}
    for word, records in _by_word(source, "DSDECOD", "DSSTDTC").items():
        _add(table, f"DSSTDTC:{word}", f"first day of {word.lower()}", _days(records), is_part=True)
    if not any(table.values.get("RFPENDTC", {}).values()):
        days = source.cells.get("DSSTDTC", [])
        for subject, day in zip(source.cells["USUBJID"], days, strict=False):
            last[subject] = max(last.get(subject, ""), day[:10])
        _add(table, "DSSTDTC:last", "date of last contact", last)


def _take_flag_of_death(source: Source, table: adam.Subjects) -> None:
    """Compare DTHFL with DTHDTC, which then says the same, and leave it out."""
    dated = {s for s, day in table.values.get("DTHDTC", {}).items() if day}
    table.prefix = "DM: "
    flags = source.cells.get("DTHFL", [])
    for i, (flag, subject) in enumerate(zip(flags, source.cells["USUBJID"], strict=False)):
        if flag.upper() == "Y" and subject not in dated:
            what = "the subject died (DTHFL = Y), but DTHDTC has no date"
            table.tell(source, i, "DTHFL", what, "Fill in DTHDTC")
    table.columns.pop("DTHFL", None)
    table.values.pop("DTHFL", None)
