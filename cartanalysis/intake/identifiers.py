"""Columns that identify people, found before anything is written.

The list follows the identifiers of the HIPAA Safe Harbor rule (45 CFR 164.514(b)(2)): names,
places, dates, ages above 89, telephone, e-mail, record and other numbers, addresses of devices and
pages, photographs, any other unique characteristic; and free text, which may hold any of them.
A column is found by what a data dictionary says of it, by its name, or by its values.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from cartanalysis.contract import FIELDS, MISSING, Field
from cartanalysis.errors import Problem
from cartanalysis.intake.source import Column, Source
from cartanalysis.text import fold, visible

OLDEST = 89.0
"""Ages above this count as identifying."""

AGE = re.compile(r"\+?\d+([.,]\d*)?", re.ASCII)
"""A number as an age may be written, decimal comma included."""

LONG_TEXT = 80
"""A cell longer than this is free text."""

REMARK = 3
"""A remark on a patient has at least so many words."""

_ANSWERS = (
    "0|1|yes|no|y|n|ja|nein|oui|non|sí|si|true|false|positive|negative|pos|neg|known|unknown|"
    "available|not available|done|not done|complete|incomplete|verified|unverified|pending|"
    "present|absent|checked|unchecked|given|refused|valid|invalid|是|否|有|无"
)
ANSWERS = frozenset(_ANSWERS.split("|"))
"""What answers a question and identifies nobody, whatever the column's name resembles."""

SHARE = 0.5
"""A kind of value counts if at least this share of the filled cells has it."""

SAMPLE = 2_000
"""So many filled cells of a column are looked at."""

PHONE_DIGITS = 7
"""A telephone number has at least so many digits."""

RANGE_STEP = 50
"""Two multiples of this with a hyphen between are a range, and no telephone number."""


@dataclass(frozen=True)
class Finding:
    """A column that identifies people.

    Attributes
    ----------
    column : str
        Its name in the file.
    why : str
        What it seems to hold, and how that was found.
    marked : bool
        Whether a data dictionary says so, so that it cannot be kept.
    """

    column: str
    why: str
    marked: bool = False

    def problem(self, renumber: bool = False) -> Problem:
        """Say it as a problem of the file."""
        remedy = (
            "Remove the column from the file, or list it under “drop” in a mapping file "
            "(“cartanalysis map” writes one)"
        )
        if not self.marked:
            remedy += "; under “keep” if it identifies nobody"
        if renumber or self.column == "patient_id":
            remedy = "Number the patients anew: “renumber: yes” in a mapping file does it"
        return Problem(f"the column identifies people: {self.why}", remedy, column=self.column)


def identifying(
    source: Source, ignore: Collection[str] = (), strict: Collection[str] = ()
) -> list[Finding]:
    """Find the columns that identify people."""
    found = []
    for column in source.columns:
        if column.name in ignore:
            continue
        why = _why(column, source.cells[column.name], column.name in strict)
        if why:
            found.append(Finding(column.name, why, column.identifier))
    return found


def old_ages(ages: Sequence[str], rows: Sequence[int], column: str) -> list[Problem]:
    """Find ages above 89."""
    problems = []
    highest = FIELDS["age_years"].high
    for row, text in zip(rows, ages, strict=True):
        age = float(text.replace(",", ".")) if AGE.fullmatch(text) else 0.0
        if OLDEST < age <= highest:
            what = "an age above 89 identifies people (HIPAA Safe Harbor)"
            remedy = f"Write {OLDEST:g} for everybody older, or give “cap: {OLDEST:g}” in a mapping"
            if age == 99:
                remedy += "; if 99 means missing, empty the cell"
            problems.append(Problem(what, remedy, row, column, text))
    return problems


def _why(column: Column, cells: Sequence[str], strict: bool) -> str:
    """Say why a column identifies people; empty if it does not seem to."""
    if column.identifier:
        return "the data dictionary marks it as an identifier"
    spec = FIELDS.get(column.name)
    if spec is None and not _only_answers(column, cells):
        for text, where in ((column.name, "name"), (column.label, "label")):
            words = _words(text)
            for kind, pattern in NAMES.items():
                if pattern.search(words):
                    return f"by its {where} it holds {kind}"
    filled = [visible(c) if "\n" not in c else c for c in cells if fold(c) not in MISSING]
    filled = filled[:SAMPLE]
    if not filled:
        return ""
    if spec is None and _DATE_NAME.search(_words(column.name)):
        hits = sum(_SERIAL.fullmatch(c) is not None for c in filled)
        if hits >= SHARE * len(filled):
            return "its name and values look like calendar dates (a spreadsheet's serial numbers)"
    name = _words(column.name)
    is_measured = bool(_MEASURED_NAME.search(name)) and not _DATE_NAME.search(name)
    for kind, holds in VALUES.items():
        if _has_own_checks(kind, spec) or (kind == "free text" and _LONG_NAME.search(name)):
            continue
        found = [c for c in filled if holds(c)]
        if kind.startswith("names of people"):
            found = [c for c in found if not _INSTITUTION.search(_words(c))]
        if is_measured and kind in NUMERIC:
            found = [c for c in found if not _MEASUREMENT.fullmatch(c)]
        repeated = kind in DIFFERENT and len(set(found)) < NEARLY_ALL * len(found)
        if not found or (repeated and not strict):
            continue
        if kind in ANY or (strict and kind in ANY_SHOWN) or len(found) >= SHARE * len(filled):
            return f"{len(found)} of {len(filled)} filled cells look like {kind}"
    if strict and _all_persons(filled):
        return "its groups look like names of people"
    if strict and any(_REMARK.search(_words(c)) for c in filled if len(c.split()) >= REMARK):
        return "its groups look like remarks on patients"
    return ""


def _only_answers(column: Column, cells: Sequence[str]) -> bool:
    """Tell whether a column only answers a question, as ``mrn_status`` with known and unknown."""
    told = [fold(column.choices.get(c, c)) for c in cells if fold(c) not in MISSING]
    return len(set(told)) < len(told) and set(told) <= ANSWERS


def _has_own_checks(kind: str, spec: Field | None) -> bool:
    """Tell whether the contract checks a column for a kind of values by itself."""
    if spec is None or spec.kind == "label":
        return spec is not None and kind == "free text"
    return kind in FREE or (kind in FREE_BUT_ID and spec.kind != "id")


def _words(text: str) -> str:
    """Write a name in words: ``patientLastName`` and ``PATIENT_LAST_NAME`` alike."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    return " " + re.sub(r"[\W_]+", " ", split.lower()).strip() + " "


_NUMBER = r"(?:numbers?|no|nr|num|nummer|id)"
_TAIL = rf"(?: ?(?:\d+|{_NUMBER}|home|work|priv\w*|mobile?|text|txt|other))*"


def _kind(*, within: str = "", last: str = "", whole: str = "", signs: str = "") -> re.Pattern[str]:
    """Find words anywhere, as the last ones, or alone; and signs of a script without blanks.

    In ``initial_wbc`` or ``tel_aml1`` the last word says what the column holds.
    """
    parts = (
        rf" (?:{within}) " if within else "",
        rf" (?:{last}){_TAIL} $" if last else "",
        rf"^ (?:{whole}) $" if whole else "",
        signs,
    )
    return re.compile("|".join(filter(None, parts)))


NAMES: dict[str, re.Pattern[str]] = {
    "names": _kind(
        within=r"(?:first|last|middle|given|family|maiden|full|patients?|subjects?|pts?|pat|sur)"
        r"(?: s)? ?names?|names? (?:first|last|middle|given|family|maiden|full)|"
        r"names? of (?:the )?(?:patient|subject)|forename|patient(?:en)?namen?|nachn(?:amen?)?|"
        r"vorn(?:amen?)?|familienname|geburtsname|m(?:ä|ae)dchenname|rufname|initialen|[fl]name|"
        r"pr[eé]noms?|noms? (?:du |de la |de )?(?:patiente?|famille|naissance|jeune fille)|"
        r"apellidos? ?\d*|nombres? (?:del |de la )?pacientes?|cognome|"
        r"nome (?:del |do |da |della )?(?:paciente|paziente)|achternaam|voornaam|nazwisko",
        last="initials",
        whole="names?|namen|noms?|nombre|nome|imi[eę]|initial",
        signs="姓名|名字|氏名",
    ),
    "dates of birth": _kind(
        within=r"d ?o ?b|birth ?(?:date|day|dt|dtc|year|yr)|(?:date|day|dt|year|yr) of birth|yob|"
        r"brthdtc?|geb ?dat\w*|geb ?(?:jahr|tag)|geburts?(?:datum|tag|jahr|monat|dat)|jahrgang|"
        r"naissance|fecha ?(?:de )?nac\w*|data (?:di |de )?nasc\w+|urodzenia|"
        "geboorte(?:datum|jaar|dag|plaats)|year born",
        whole="born|birth|geb|geboren|born on|ddn",
        signs="出生|生日|生年月日",
    ),
    "addresses": _kind(
        within=r"(?:home|postal|street|mailing) address(?:es)?|street (?:name|no|number)|plz|"
        r"wohnort|c[oó]d(?:e|igo) postal|direcci[oó]n|domicilio|latitude|longitude|geocode|"
        r"geburtsort|birth ?place|place of birth",
        last=r"address(?:es)?|zip ?(?:code)?|post(?:al)? ?codes?|adresse|\w*anschrift|strasse|"
        "straße|postleitzahl",
        whole="(?:home |patient )?(?:street|city|town|village|county|ort|ville|rue)",
        signs="地址|邮编|住址|籍贯|工作单位",
    ),
    "telephone numbers": _kind(
        within=r"(?:tele|cell|mobile|home|work)? ?phone (?:number|no|nr)",
        last=r"(?:tele|cell|mobile|home|work)? ?phones?|tel|mobile|fax|handy|telefon\w*|telefono|"
        r"teléfono|téléphone|(?:mobil|handy) ?(?:nummer|nr|telefon)",
        whole="m[oó]vil|mobil",
        signs="电话|手机",
    ),
    "e-mail or web addresses": _kind(
        within=r"e ?mail ?(?:addr|adr)\w*|ip ?addr\w*",
        last="e ?mails?|mail|url|website|web ?page|courriel",
        whole="ip|correo(?: electr[oó]nico)?",
    ),
    "record or insurance numbers": _kind(
        within=r"mrn ?\d*|m r n|(?:medical|hospital|health|patient|chart) record ?(?:number|no|nr)|"
        rf"ssn ?\w*|social security ?\w*|iban|\w*versicher\w*n(?:umme)?r|(?:kv|ahv|svn) ?{_NUMBER}|"
        "codice fiscale",
        last=rf"record {_NUMBER}|(?:hospital|case|chart|admission) {_NUMBER}|"
        r"pat(?:ient)? ?(?:number|no|nr)|nhs|(?:insurance|insured|policy|krankenkassen?) "
        rf"?{_NUMBER}|medicare|passport|national id|id card|licen[cs]e (?:plate|{_NUMBER})|"
        rf"fall ?(?:nummer|nr)|patientennummer|ahv|account {_NUMBER}|serial {_NUMBER}|"
        rf"device (?:id|serial)|(?:chart|accession|encounter|aufnahme) ?{_NUMBER}|patienten ?id",
        whole=r"(?:num\w* )?(?:ipp|nir|dni|nie|nss|nhc|bsn|pesel|cpf|piz)(?: pa[ct]\w*)?",
        signs="病历号|住院号|身份证|医保号|病案号|身份号码|门诊号|就诊号|登记号|患者番号",
    ),
    "free text": _kind(
        last="comments?|notes?|remarks?|free ?text|freitext|narrative|kommentare?|notiz(?:en)?|"
        "bemerkung(?:en)?|commentaires?|anamnes[ei]s?",
        within="(?:comments?|notes|remarks?) (?:on|about|regarding)",
        signs="备注",
    ),
    "people other than the patient": _kind(
        within=r"(?:referring|treating|attending|family|responsible|behandelnde\w*|zuweisende\w*) "
        r"(?:physician|doctor|clinician|investigator|arzt|ärztin)|"
        r"(?:physician|investigator|doctor|surgeon|mother|father|contact)(?: s)? names?|"
        r"(?:haus|ober|chef)(?:arzt|ärztin)|behandler(?:in)?|médecin|medecin traitant|"
        r"kontaktperson|contact person|next of kin|emergency contact",
        whole="physician|investigator|doctor|arzt|ärztin|mother|father|referrer|zuweiser|gp|"
        "kontakt|contact|surgeon|medecin",
        signs="主[治管]医[生师]|联系人",
    ),
    "photographs or biometric data": _kind(
        last="photo|photograph|fingerprint|voice",
        whole="(?:patient |facial |face |profile )?pictures?",  # not a blood picture
    ),
}
"""What a column holds, by its name in words."""

_MONTH = (
    r"(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|mai|märz?|mrz|maerz|"
    r"okt(?:ober)?|dez(?:ember)?|février|fevrier|avril|juin|juillet|août|aout|décembre|enero|"
    r"febrero|abril|mayo|agosto|diciembre)"
)
_YEAR = r"(?:19\d\d|20[0-4]\d)"
_DATE = re.compile(
    # with a point, 1950.3 and 1.2010 are measurements
    r"(?:(?:19|20)\d\d([-/.])\d{1,2}\1\d{1,2}|(?:19|20)\d\d[-/]\d{1,2}|"
    r"\d{1,2}([-/.])\d{1,2}\2(?:\d\d|(?:19|20)\d\d)|"
    rf"\d{{1,2}}(?:[ -]|\. ?| de )?{_MONTH}(?:[ -]| de )?\d{{2,4}}|"
    rf"{_MONTH}[ -.]+\d{{1,2}},? ?\d{{4}}|"
    rf"(?:0?[1-9]|1[0-2])[-/]{_YEAR}|(?:0[1-9]|1[0-2])\.{_YEAR}|"
    r"\d{4}年\d{1,2}月(?:\d{1,2}日)?|"
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?:[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_DATE_NAME = re.compile(r" (?:\w*(?:date|datum|dat)|(?:date|datum|dat)\w*) |日期")
_FULL_DATE = re.compile(
    r"(?:19|20)\d\d([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:19|20)\d\d"
)
_SERIAL = re.compile(r"[34]\d{4}(?:\.\d+)?")  # 1982 to 2036
_MAIL = re.compile(r"\S+@\S+\.\w{2,}")
_PHONE = re.compile(r"(?:\+\d{1,3}[ ./-]?)?(?:\(\d{1,5}\)[ ./-]?)?\d{2,5}(?:[ ./-]\d{2,8}){1,4}")
_TELEPHONE = re.compile(r"(?:\+\d{1,3}|0[1-9]\d{1,3})[ /]\d[\d /-]*|0\d(?:[ .]\d\d){4}|\+\d{8,15}")
_YEARLY = re.compile(r"(?:19|20)\d\d[-/]\d{3,5}")
_MEASURED_NAME = re.compile(
    r" (?:doses?|dosis|dosen|cells|counts?|copies|version|ferritin|ldh|crp|ratio|score|scores) "
)
_MEASUREMENT = re.compile(r"\+?\d+(?:[.,]\d+)?(?: ?- ?\d+(?:[.,]\d+)?)?")
_LONG_NAME = re.compile(
    r" (?:karyotypes?|karyotyp|cytogenetics?|zytogenetik|iscn|mutations?|mutationen) "
)
_DECIMAL = re.compile(r"\d+\.\d+")
_RANGE = re.compile(r"([1-9]\d*) ?- ?([1-9]\d*)")
_LONG_NUMBER = re.compile(r"\+?\d{9,16}")
_ROUND = re.compile(r"[1-9]\d{0,3}0{5,}")
_CHINESE_ID = re.compile(
    r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
)
_INSURED = re.compile(
    r"[A-Z]\d{9}|[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3}(?: ?\d\d)?"
)
_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")
_WEB = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\d{1,5} [\w.' -]+ (?:st|street|ave|avenue|rd|road|way|blvd|lane|ln|dr|drive|ct|court|"
    r"pl|place|ter|terrace)\.?|"
    r"[\w.' -]+(?:str\.?|straße|strasse|weg|gasse|platz|allee) \d+ ?\w?(?:, ?[\w-]*\d{4,5} .+)?|"
    r"\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|chemin|impasse|quai|calle|rua) .+",
    re.IGNORECASE,
)
_TITLED = re.compile(r"(?:Dr|Prof|Mrs?|Ms|Frau|Herr|Mme)\.? (?:med\. ?)?[^\W\d_]{2,}.*")
_SURNAME_FIRST = re.compile(r"(?:[^\W\d_]+[ '-])*([^\W\d_]{2,}), ?([^\W\d_]{2,})(?:[ '-].*)?")
# longer than FLU, CYC
_IN_CAPITALS = re.compile(
    r"(?=.{10,})(?:[^\W\d_]+[ '-])*([^\W\d_]{3,}), ?([^\W\d_]{3,})(?:[ '-].*)?"
)
# A. Control is an arm
_WITH_INITIAL = re.compile(
    r"(?![A-F]\. ?[^\W\d_]+$)(?:[^\W\d_]\.[ -]?)+"
    r"(?:(?:von|van|de|der|den|di|da|du|le|zu) )*([^\W\d_]{2,})|"
    r"([^\W\d_]{2,}), ?(?:[^\W\d_]\.[ -]?)+|"
    r"([^\W\d_]{2,}) (?:[^\W\d_]\.[ -]?){2,}"
)
_INSTITUTION = re.compile(
    r" (?:hospitals?|\w*spital|\w*klinik\w*|clin\w*|universi\w*|uni|charit[eé]|cent(?:re|er|ro)|"
    r"\w*zentrum|institut\w*|h[oô]pital|chu|infirmary|medic\w*|college|school|foundation|"
    r"anderson|больниц\w*|клиник\w*|институт\w*|университет\w*|центр\w*) |"
    r"医院|大学|病院|中心|병원|대학|센터|مستشفى|جامعة|مركز"
)
# Korean, Chinese and Russian surnames
_SURNAME = re.compile(
    r"[김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽"
    r"성차주우구민진지엄채원천] ?[가-힣]{2}|"
    r"[王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮董萧程曹袁邓鄧许許沈曾彭吕呂苏蘇"
    r"卢盧蒋蔣蔡贾賈丁魏薛叶葉余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊陆"
    r"郝孔崔康毛邱秦江史顾侯邵孟龙段钱汤尹黎] ?[一-龥]{1,2}|"
    r"[А-ЯЁ][а-яё]+(?:ов|ев|ёв|ин|ын|ова|ева|ёва|ина|ына|ский|ская|цкий|цкая|енко)"
    r"(?: [А-ЯЁ][а-яё]*\.?){0,2}"
)
_WITHOUT_CASE = re.compile(
    r"[\u0590-\u05ff\u0620-\u064a\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]{2,}"
)
_REMARK = re.compile(
    r" (?:he|she|his|her|him|wife|husband|mother|father|son|daughter|neighbou?r|told|called|"
    r"lives|works|moved|wants|er|sie|seine?|ihre?|ehefrau|ehemann|mutter|vater|sohn|tochter|"
    r"wohnt|arbeitet|il|elle|femme|mari|mère|père|fils|fille) "
)


def _is_person(text: str) -> bool:
    """Tell whether a text looks like ``Müller, Hans``, ``MÜLLER, HANS`` or ``H. Müller``."""
    for pattern in (_SURNAME_FIRST, _WITH_INITIAL):
        found = pattern.fullmatch(text)
        parts = [p for p in found.groups() if p] if found else []
        if parts and all(p[0].isupper() and p[1:].islower() for p in parts):
            return True
    capitals = _IN_CAPITALS.fullmatch(text)
    return capitals is not None and all(p.isupper() for p in capitals.groups())


def _all_persons(texts: Sequence[str]) -> bool:
    """Tell whether groups look like ``Müller Hans``: two words each, none of them shared.

    Names of some languages are known by their surnames or their ends.
    """
    different = list(dict.fromkeys(texts))
    if len(different) < 2 or any(_INSTITUTION.search(_words(text)) for text in different):
        return False
    if all(_SURNAME.fullmatch(text) for text in different):
        return True
    groups = [text.split() for text in different]
    words = [word for group in groups for word in group]
    two = all(len(g) == 2 for g in groups) and all(_is_name(word) for word in words)
    return two and len(set(words)) == len(words)


def _is_name(word: str) -> bool:
    cased = word.isalpha() and (word.istitle() or (word.isupper() and len(word) > 2))
    return cased or _WITHOUT_CASE.fullmatch(word) is not None


def _is_number_of_record(text: str) -> bool:
    """Tell whether a text looks like a telephone or record number, and not like a measurement."""
    if _LONG_NUMBER.fullmatch(text):
        return not _ROUND.fullmatch(text)
    if not _PHONE.fullmatch(text) or sum(c.isdigit() for c in text) < PHONE_DIGITS:
        return False
    ends = _RANGE.fullmatch(text)
    is_range = ends is not None and all(int(end) % RANGE_STEP == 0 for end in ends.groups())
    return not is_range and not _DECIMAL.fullmatch(text) and not _YEARLY.fullmatch(text)


def _is_telephone_number(text: str) -> bool:
    return bool(_TELEPHONE.fullmatch(text)) and sum(c.isdigit() for c in text) >= PHONE_DIGITS


VALUES: dict[str, Callable[[str], bool]] = {
    "e-mail addresses": lambda c: _MAIL.search(c) is not None,
    "web addresses": lambda c: _WEB.match(c) is not None,
    "social security numbers": lambda c: _SSN.fullmatch(c) is not None,
    "identity card numbers": lambda c: _CHINESE_ID.fullmatch(c) is not None,
    "names of people with a title": lambda c: _TITLED.fullmatch(c) is not None,
    "names of people": _is_person,
    "calendar dates": lambda c: _DATE.fullmatch(c) is not None,
    "full dates": lambda c: _FULL_DATE.fullmatch(c) is not None,
    "addresses": lambda c: _ADDRESS.fullmatch(c) is not None,
    "insurance numbers": lambda c: _INSURED.fullmatch(c) is not None,
    "telephone numbers": _is_telephone_number,
    "telephone or record numbers": _is_number_of_record,
    "free text": lambda c: len(c) > LONG_TEXT or "\n" in c,
}
"""What a column holds, by its values."""

ANY = frozenset(
    {"e-mail addresses", "social security numbers", "identity card numbers", "free text"}
)
"""Kinds of which one cell is enough."""

ANY_SHOWN = frozenset(
    {"web addresses", "names of people with a title", "names of people", "calendar dates"}
    | {"addresses", "telephone numbers", "insurance numbers"}
)
"""Kinds of which one cell is enough in a column whose texts are shown."""

FREE = frozenset({"calendar dates", "telephone or record numbers", "free text"})
"""Kinds of which a column of the contract has checks of its own."""

FREE_BUT_ID = frozenset({"full dates", "telephone numbers"})
"""Such kinds that are looked for in identifiers all the same."""

DIFFERENT = frozenset({"names of people"})
"""Kinds of which nearly all cells differ: “Liver, Spleen” comes again."""

NEARLY_ALL = 0.9
"""The least share of cells that differ."""

NUMERIC = frozenset({"calendar dates", "full dates", "telephone or record numbers"})
"""Kinds that a measurement may look like."""
