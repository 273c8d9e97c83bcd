"""What names and labels of columns mean: clinical usage, ADaM, cBioPortal, REDCap."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cartanalysis.contract import FIELDS, MISSING
from cartanalysis.intake.mapping.numbers import DAYS, Fault
from cartanalysis.intake.mapping.words import tokens
from cartanalysis.intake.source import Column
from cartanalysis.text import fold

_UNITS = {
    "days": "days|day|d|tage|tagen|jours|天|日",
    "weeks": "weeks|week|wk|wks|wochen|semaines|周",
    "months": "months|month|mo|mos|mth|mths|mon|monate|monaten|mois|月",
    "years": "years|year|yrs|yr|y|a|jahre|jahren|ans|岁|年",
    "percent": "percent|pct|perc|prozent|pourcent|%",
    "fraction": "fraction|frac|proportion|prop|anteil",
}
UNIT_WORDS = {word: unit for unit, words in _UNITS.items() for word in words.split("|")}
"""Unit by a word for it."""

SURE = {
    "patient_id": "usubjid patientid subjectid subjid patid ptid pid recordid participantid "
    "patient subject patientno patientnumber patientnr patientennummer patientennr numeropatient "
    "患者编号 病人编号 编号 id mrn medicalrecordnumber fallnummer 病历号 住院号",
    "age_years": "age ageatinfusion agecart ageattreatment patientage alter 年龄",
    "sex": "sex gender geschlecht sexe sexo género geslacht sesso 性别",
    "arm": "trt01a actarm trta trt01p arm trtp treatmentarm product cartproduct",
    "emd": "emd extramedullary extramedullarydisease emdsite emdtype 髓外 髓外病变 髓外疾病",
    "treg_pct": "treg tregs tregpct regulatorytcells regulatorytcell tregofcd4 tregscd4 tregcd4 "
    "regulatorischetzellen 调节性t细胞",
    "genetic_risk": "geneticrisk geneticriskgroup cytogeneticrisk cytogeneticriskgroup cytorisk",
    "bm_blasts_pct": "bmblasts bmblast marrowblasts bonemarrowblasts bonemarrowblast blastsbm "
    "blastbm knochenmarkblasten 骨髓原始细胞",
    "prior_hsct": "priorhsct priorallohsct priorsct priorallosct priortransplant previoushsct "
    "previoussct previoustransplant prevhsct prevsct prevtransplant priorbmt "
    "priorstemcelltransplant",
    "response": "response bestresponse bor bestoverallresponse avalcbor bestresp",
    "mrd": "mrd mrdstatus mrdatresponse mrdresult minimalresidualdisease measurableresidualdisease",
    "crs_grade": "crsgrade crs crsmax maxcrs maxcrsgrade crsmaxgrade crsgrademax highestcrsgrade "
    "worstcrsgrade",
    "icans_grade": "icansgrade icans icansmax maxicans maxicansgrade icansmaxgrade icansgrademax "
    "highesticansgrade worsticansgrade",
    "ae_grade_max": "aegrademax maxaegrade aemaxgrade highestaegrade worstaegrade aetoxgrmax",
    "os_days": "os ostime osduration overallsurvival overallsurvivaltime avalos gesamtüberleben "
    "gesamtuberleben 总生存期 总生存时间",
    "os_event": "osevent death died dead deceased osstatus vitalstatus survivalstatus cnsros "
    "deathevent overallsurvivalstatus overallsurvivalevent verstorben deces décès 死亡 生存状态",
    "rfs_days": "rfs rfstime rfsduration relapsefreesurvival avalrfs",
    "rfs_event": "rfsevent rfsstatus cnsrrfs relapsefreesurvivalstatus relapsefreesurvivalevent",
    "rfs_cause": "rfscause",
    "hsct_day": "",
}
"""Names that mean a column of ours, the most telling first."""

DOUBTFUL = {
    "patient_id": "studyid caseid case upn nr no number lfdnr sampleid",
    "age_years": "ageatdiagnosis agedx agediagnosis ageatenrollment ageatinclusion ageatconsent",
    "sex": "",
    "arm": "treatment group cohort behandlung traitement regimen",
    "emd": "emdatinfusion emdbaseline extramedullaryinvolvement extramedullarer extramedullär",
    "treg_pct": "cd4cd25 foxp3 cd4cd25foxp3",
    "genetic_risk": "risk riskgroup risikogruppe highriskgenetics cytogenetics highrisk 危险度",
    "bm_blasts_pct": "blasts blast blasten tumourburden tumorburden",
    "prior_hsct": "hsct sct transplant allohsct bmt transplantation 移植",
    "response": "responder remission cr outcome orr ansprechen reponse réponse overallresponse "
    "avalcovrlresp avalcrsp 疗效",
    "mrd": "mrdd28 mrdday28 mrdneg mrdnegative mrdpos mrdpositive",
    "crs_grade": "cytokinereleasesyndrome aetoxgrcrs",
    "icans_grade": "neurotoxicity neurotoxicitygrade neurotox ntx cres aetoxgricans",
    "ae_grade_max": "toxicity toxicitygrade maxgrade maxtoxicity aegrade grade",
    "os_days": "survival survivaltime survtime surv futime fu followup followuptime time "
    "timetodeath tte uberleben überleben survie 随访时间 生存时间",
    "os_event": "os status event alive living dthfl censored cens censor cnsr oscens oscensor "
    "oscensored fustat tod",
    "rfs_days": "dfs efs pfs lfs dor dfstime efstime pfstime lfstime avaldfs avalefs avalpfs "
    "avallfs avaldor diseasefreesurvival eventfreesurvival progressionfreesurvival "
    "leukaemiafreesurvival leukemiafreesurvival durationofremission durationofresponse diseasefree",
    "rfs_event": "rfs dfsstatus dfsevent efsstatus efsevent pfsstatus pfsevent lfsstatus lfsevent "
    "cnsrdfs cnsrefs cnsrpfs cnsrlfs cnsrdor relapse relapsed recurrence rezidiv rechute 复发 "
    "diseasefreestatus rfscens rfscensored",
    "rfs_cause": "firstevent eventtype evntdescrfs causeofevent",
    "hsct_day": "hsct sct transplant allohsct bmt daystohsct daystosct "
    "daystotransplant timetohsct timetotransplant",
}
"""Names that may mean a column of ours."""

ROLES = {
    "infusion": "infusion cart cartinfusion carinfusion cartcell cartcellinfusion d0 day0 "
    "infusionofcart trts reinfusion 回输 输注",
    "death": "death deceased died dod dth todes tod deces décès 死亡",
    "contact": "lastcontact lastfollowup lastfu lastvisit lastseen lastknownalive lastalive lstalv "
    "letzterkontakt letztekontrolle dernierenouvelles dernieresnouvelles 末次随访 followup fu lfu",
    "relapse": "relapse recurrence rezidiv rechute 复发",
    "remission": "remission cr response firstcr firstremission achievedcr 缓解",
    "hsct": "hsct sct transplant transplantation allohsct bmt 移植",
    "birth": "birth dob birthdate brth geburts naissance 出生",
}
"""What a column of dates may be the date of."""

COUNTED_FROM = {"os_days": "infusion", "rfs_days": "remission", "hsct_day": "infusion"}
"""The day from which each of our times counts."""

_DAYS_OF_LIFE = {
    "infusion": r"infusion|infused|car ?t|day ?0|回输|输注",
    "remission": r"remission|cri?\b|response|缓解",
    "diagnosis": r"(?:initial |first |primary )?diagnos|dx\b|确诊|诊断",
    "randomisation": r"randomi[sz]|随机",
    "enrolment": r"enrol|inclusion|registration|consent|einschluss|入组",
    "apheresis": r"(?:leuk)?apheresis|单采",
    "transplantation": r"(?:allo ?|auto ?)?(?:hs?ct\b|transplant)|移植",
}
"""Days from which times may count, by the words that follow "from"."""

_BEGINS = (
    r"(?:\b(?:since|from|after|post|seit|ab|nach|von|depuis|desde)(?: (?:the|date|day|time|of|der|"
    r"dem|le|la)\b)* |[自从])"
)
_BEGINNING = {day: re.compile(_BEGINS + rf"(?:{w})") for day, w in _DAYS_OF_LIFE.items()}
_WITHOUT_BEGINNING = re.compile(
    rf"\b(?:{_DAYS_OF_LIFE['diagnosis']})|{_DAYS_OF_LIFE['randomisation']}"
)
_SPAN = re.compile(r"\d+[\s-]*[^\W\d_]+")
_DATE_WORDS = frozenset(
    {"date", "datum", "dt", "dtc", "dat", "日期", "时间", "of", "the", "de", "du", "des", "day"}
)


class Meaning(NamedTuple):
    """What a name says.

    Attributes
    ----------
    target : str
        Our column; empty if none.
    strength : int
        3 our own name, 2 a usual name, 1 a name that may mean it, 0 nothing.
    rank : int
        Place among the usual names, the most telling first.
    unit : str
        Unit that the name states; empty if none.
    """

    target: str
    strength: int
    rank: int
    unit: str


def _index(table: dict[str, str]) -> dict[str, list[tuple[str, int]]]:
    index: dict[str, list[tuple[str, int]]] = {}
    for target, names in table.items():
        for rank, name in enumerate(names.split()):
            index.setdefault(_squash(name), []).append((target, rank))
    return index


def _squash(text: str) -> str:
    return "".join(tokens(text))


_SURE = _index(SURE)
_DOUBTFUL = _index(DOUBTFUL)
_ROLES = {_squash(name): role for role, names in ROLES.items() for name in names.split()}


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
    return found.pop() if len(found) == 1 else ""


def contradicts(text: str, unit: str) -> str:
    """Find another unit of time than ours in a name or label."""
    stated = unit_in(_SPAN.sub(" ", text))
    is_day_of_age = unit == "years" and stated == "days"
    return stated if stated in DAYS and stated != unit and not is_day_of_age else ""


def other_units(column: Column, cells: Mapping[str, Sequence[str]], unit: str) -> dict[str, str]:
    """Find units of time, other than ours, in a column's name, label and column of units."""
    texts = {fold(c) for c in cells.get(unit_column(column.name), []) if fold(c) not in MISSING}
    told = [("column of units", f"in {text}") for text in sorted(texts)]
    told += [("label", column.label), ("name", column.name)]
    found = [(place, contradicts(text, unit)) for place, text in told]
    return {stated: place for place, stated in found if stated}


def origin_in(column: Column, target: str) -> str:
    """Tell from which day a name, label or description counts a time."""
    told = " ".join(tokens(f"{column.name} {column.said}"))
    found = [day for day, words in _BEGINNING.items() if words.search(told)]
    ours = COUNTED_FROM[target]
    if ours in found:
        return ours
    if not found and _WITHOUT_BEGINNING.search(told) and "infusion" not in told:
        return "diagnosis" if "random" not in told else "randomisation"
    return found[0] if found else ""


def other_origin(column: Column, target: str) -> Fault | None:
    """Find a time that the file says counts from another day than ours does."""
    ours = COUNTED_FROM.get(target, "")
    stated = origin_in(column, target) if ours else ""
    if stated in ("", ours):
        return None
    what = f"by its name or label it counts from {stated}, but {target} counts from {ours}"
    remedy = (
        f"Count the days from {ours}, for example from dates in a mapping file; if they do, say "
        f"“origin: {ours}” there"
    )
    return Fault(what, remedy)


def unit_column(name: str) -> str:
    """Name the column that would hold the units of another, as in ADaM."""
    variable, _, parameter = name.partition(":")
    return f"{variable}U" + (f":{parameter}" if parameter else "")


def meanings(text: str) -> list[Meaning]:
    """Say which of our columns a name or label may mean."""
    if text in FIELDS:
        return [Meaning(text, 3, 0, unit_in(text))]
    unit = unit_in(text)
    words = [w for w in tokens(text) if w not in ("in", "at")]
    stems = {_squash(text), "".join(words)}
    while words and (words[-1] in UNIT_WORDS):
        words = words[:-1]
    stems.add("".join(words))
    found = [
        Meaning(target, strength, rank, unit)
        for stem in stems
        for strength, table in ((2, _SURE), (1, _DOUBTFUL))
        for target, rank in table.get(stem, [])
    ]
    best: dict[str, Meaning] = {}
    for meaning in sorted(found, key=lambda m: (-m.strength, m.rank)):
        best.setdefault(meaning.target, meaning)
    return list(best.values())


def date_role(text: str) -> str:
    """Say what a column of dates is the date of."""
    words = [w for w in tokens(text) if w not in _DATE_WORDS]
    stem = re.sub(r"(datum|date|dtc|dt|日期|时间)$", "", "".join(words))
    return _ROLES.get(stem, "")
