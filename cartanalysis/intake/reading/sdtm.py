"""CDISC SDTM: from the domains DM, EX, AE, RS and DS to one row per subject.

DM gives its columns as they are. ``TRTSDT`` is computed as ADaM's: the first infusion in EX, or
RFXSTDTC without EX. AE gives the highest grades from that day on, as ADAE does. RS gives
``RSSTRESC:<RSTESTCD>``, the best response from that day on where there are several, and the days
``RSDTC:remission`` and ``RSDTC:relapse``; DS the first day of each disposition,
``DSSTDTC:<DSDECOD>``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from cartanalysis.errors import Problem, listed, shown
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
_RANKS = {"CR": 0, "CRi": 1, "NR": 2, "relapse": 3, "": 3}
_NOT_SEEN = frozenset({"ne", "not evaluable", "inevaluable"})
_INFUSED = re.compile(expression(WORDS["concepts"]["infusion"]))
_NO_INFUSION = re.compile(expression(WORDS["no_infusion"]))
_RELAPSED = re.compile(expression(WORDS["relapsed"]))
_MRD = re.compile(r"[,;/(]?\s*\bmrd[ -]?(?:neg(?:ative)?|pos(?:itive)?|[-+])\)?")
_NOTHING = re.compile(r"0+([.,]0*)?")
_TOLD = 20

Record = tuple[str, int]  # a day, written as 2021-02-28, and the place of its row


def recognise(source: Source) -> str | None:
    """Tell which SDTM domain a table is."""
    names = {column.name.upper() for column in source.columns}
    stem = source.name.split(".")[0].upper()
    is_one = len(names) == len(source.columns) and {*_NEEDED.get(stem, ("?",))} <= names
    return stem if is_one else None


def one_row_per_subject(
    datasets: Mapping[str, Source], name: str, wanted: Collection[str] | None = ()
) -> Source:
    """Put SDTM domains of one study together; the wanted columns may name the treatment."""
    table = adam.Subjects(has_adsl=True)
    sources = {}
    for kind in (k for k in DATASETS if k in datasets):
        table.prefix = f"{kind}: "
        sources[kind] = table.enter(datasets[kind], is_first=kind == "DM")
    _add_first_day(sources.get("EX"), table, wanted)
    for kind, add in (("AE", adam.add_grades), ("RS", _add_responses), ("DS", _add_dispositions)):
        table.prefix = f"{kind}: "
        if kind in sources:
            add(sources[kind], table)
    _take_flag_of_death(table)
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


def _add_first_day(
    exposure: Source | None, table: adam.Subjects, wanted: Collection[str] | None
) -> None:
    """Find the day of infusion: of the cells among the treatments of EX, otherwise RFXSTDTC."""
    given = {s: day[:10] for s, day in table.values.get("RFXSTDTC", {}).items() if day}
    by_treatment = {} if exposure is None else _by_word(_given(exposure, table), "EXTRT", "EXSTDTC")
    possible = [word for word in by_treatment if not _NO_INFUSION.search(fold(word))]
    infused = [word for word in possible if _INFUSED.search(fold(word))]
    named = [word for word in by_treatment if f"EXSTDTC:{word}" in (wanted or ())]
    by_mapping = not infused and bool(named)
    infused = infused or named
    if not infused and len(by_treatment) == 1:
        infused = possible
    if infused:
        days = [pair for word in infused for pair in _days(by_treatment[word]).items()]
        others = [word for word in by_treatment if word not in infused]
        table.notes.append(
            f"TRTSDT, the day of infusion, is the first day of {listed(infused, _TOLD)} in EX"
            + (f", not of {len(others)} other treatments there." if others else ".")
        )
        given = dict(sorted(days, reverse=True))  # the first day of each subject comes last
    elif by_treatment:
        given = {}
        _ask_for_product(by_treatment, table, is_told=wanted is None)
    elif given:
        table.notes.append(
            "TRTSDT, the day of infusion, is taken from RFXSTDTC, the first day of any treatment "
            "of the study."
        )
    _add(table, "TRTSDT", "date of infusion", given, is_part=by_mapping)
    for word, records in by_treatment.items():
        _add(table, f"EXSTDTC:{word}", f"first day of {word}", _days(records), is_part=True)


def _given(exposure: Source, table: adam.Subjects) -> Source:
    """Leave out records of EX of what was not given: a dose of 0, or EXOCCUR = N."""
    doses, occurred = (
        exposure.cells.get(name, [""] * len(exposure.rows)) for name in ("EXDOSE", "EXOCCUR")
    )
    pairs = enumerate(zip(doses, occurred, strict=True))
    kept = [i for i, (d, o) in pairs if not _NOTHING.fullmatch(d) and o.upper() != "N"]
    if len(kept) < len(exposure.rows):
        table.notes.append("EX: what has a dose of 0, or EXOCCUR = N, does not count as given.")
    return exposure.take(kept)


def _ask_for_product(
    by_treatment: Mapping[str, Mapping[str, Record]], table: adam.Subjects, *, is_told: bool
) -> None:
    """Ask which treatment is the infusion; where a mapping is proposed, only tell."""
    counts = Counter({word: len(records) for word, records in by_treatment.items()})
    told = ", ".join(f"{shown(word)} ({n} subjects)" for word, n in counts.most_common(_TOLD))
    what = f"EX: which treatment is the infusion of CAR T cells is not known; there are {told}"
    remedy = (
        "In the mapping file, count from its first day: write since: "
        '"EXSTDTC:NAME" with the name of the product, as EX has it, under os_days'
    )
    if is_told:
        table.notes.append(f"{what}. {remedy}.")
    else:
        table.problems.append(Problem(what, remedy, column="EXTRT"))


# --- responses -----------------------------------------------------------------------------------


def _add_responses(source: Source, table: adam.Subjects) -> None:
    """Make columns of the best response of each test, and of the days of remission and relapse."""
    left_out: list[str] = []
    unused: set[str] = set()
    by_test = _from_infusion_on(source, table)
    for test, of_test in by_test.items():
        texts = [source.cells["RSSTRESC"][i] for found in of_test.values() for i in found]
        several = any(len(found) > 1 for found in of_test.values())
        label = _label(source, test, of_test)
        strange = [text for text in texts if _level(text) is None]
        is_response = "respon" in fold(label) or "resp" in fold(test)
        if several and len(strange) > len(texts) / 2 and not is_response:
            left_out.append(f"{test} (such as {shown(strange[0])})")  # MRD at each visit
            unused.add(test)
            continue
        if several:
            label = f"best overall response ({label}, from the infusion on)"
            table.notes.append(f"RS: of {test} the best response from the infusion on counts.")
        best = {subject: _best(source, found) for subject, found in of_test.items()}
        _add(table, f"RSSTRESC:{test}", label, best)
    if left_out:
        told = ", ".join(left_out)
        table.notes.append(
            f"RS: {told} left out, with several records per subject that are no responses."
        )
    tests = [test for test in by_test if test not in unused]
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


def _best(source: Source, records: list[int]) -> str:
    """Choose the best of a subject's responses; with words that are not known, all of these.

    A mapping file says under ``levels:`` what they mean together.
    """
    texts = dict.fromkeys(source.cells["RSSTRESC"][i] for i in records)
    ranks = {text: _RANKS[level] for text in texts if (level := _level(text)) is not None}
    strange = sorted(text for text in texts if text not in ranks)
    best = min(ranks, key=lambda text: ranks[text], default="")
    is_response = bool(best) and (not strange or ranks[best] <= _RANKS["NR"])
    return " / ".join([*([best] if is_response else []), *strange])


def _level(text: str) -> str | None:
    """Give our level of a response, or relapse; empty if none was seen, none if not known."""
    word = fold(text)
    if word in UNKNOWN | _NOT_SEEN:
        return ""
    if _RELAPSED.search(word):
        return "relapse"
    bare = _MRD.sub("", word).strip()
    return SURE["response"].get(bare) or DOUBTFUL["response"].get(bare)


def _add_course(source: Source, table: adam.Subjects, records: Mapping[str, list[int]]) -> None:
    """Find the first day of a remission, and after it that of a relapse or progression.

    No remission after a remission is a relapse, too.
    """
    remission: dict[str, str] = {}
    relapse: dict[str, str] = {}
    lost, strange = set(), set()
    days = source.cells.get("RSDTC", [""] * len(source.rows))
    for subject, found in records.items():
        for i in sorted((i for i in found if days[i]), key=lambda i: days[i]):
            text = source.cells["RSSTRESC"][i]
            level = _level(text)
            if level in ("CR", "CRi"):
                remission.setdefault(subject, days[i][:10])
            elif level is None:
                strange.add(text)
            elif level and subject in remission:
                relapse.setdefault(subject, days[i][:10])
                lost |= {text} if level == "NR" else set()
    for words, how in (
        (lost, "after a remission counts as relapse"),
        (strange, "is not known and counts neither as remission nor as relapse"),
    ):
        if words:
            table.notes.append(f"RS: {listed(sorted(words), _TOLD)} {how}.")
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


def _take_flag_of_death(table: adam.Subjects) -> None:
    """Keep DTHFL only where a death has no full date: it is a death all the same."""
    days, flags = table.values.get("DTHDTC", {}), table.values.get("DTHFL", {})
    dead = {s for s in table.rows if days.get(s) or flags.get(s, "").upper() == "Y"}
    undated = {s for s in dead if len(days.get(s, "")) < len("2022-03-01")}
    table.columns.pop("DTHFL", None)
    table.values.pop("DTHFL", None)
    if undated:
        days |= dict.fromkeys(undated, "")
        flags = {s: "Y" if s in dead else "N" for s in table.rows}
        _add(table, "DTHFL", "death", flags)
        table.notes.append(
            "DM: deaths without a full date in DTHDTC count as deaths (DTHFL = Y), on the day of "
            "last contact."
        )
