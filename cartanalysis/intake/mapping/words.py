"""What words and codes in cells mean, and how sure one can be of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cartanalysis.contract import FIELDS
from cartanalysis.errors import shown
from cartanalysis.intake.source import Column
from cartanalysis.text import fold

_CENSORED = re.compile(r"(os|rfs|efs|dfs|pfs|lfs)?(cens|zens|cnsr)")
_LIVING = re.compile(r"(os)?(alive|living|lebt|lebend|survivors?|survived|vivant)|.*存活")
_SURVIVAL = frozenset({"survival", "überleben", "ueberleben", "survie", "supervivencia", "生存"})
_HAD_EVENT = re.compile(
    r"dead|died|death|deceased|events?|tot|tod|verstorben|gestorben|.*死亡|relapsed?"
)


def tokens(text: str) -> list[str]:
    """Split a name into words: ``osMonths``, ``OS_MONTHS`` and ``OS (Months)`` alike."""
    split = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    return re.findall(r"[^\W_]+|%", split.casefold())


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


def _words(**levels: str) -> dict[str, str]:
    return {word.strip(): level for level, text in levels.items() for word in text.split("|")}


_YES = "yes|y|ja|oui|si|sí|是|有|true|present|1"
_NO = "no|n|nein|non|否|无|false|absent|0"
_DEAD = "dead|died|death|deceased|expired|tot|verstorben|gestorben|décédé|mort|死亡"
_ALIVE = "alive|living|lebend|lebt|vivant|存活|生存|alive at last contact"
BARE = frozenset(f"{_YES}|{_NO}".split("|")) - {"present", "absent"}
"""Words and codes that only answer a question."""

_VITAL = _words(**{"1": _DEAD, "0": _ALIVE})

_HAPPENED = {"1": f"{_YES}|event", "0": f"{_NO}|no event|censored|censor"}
_ROMAN = ("0", "i", "ii", "iii", "iv", "v")
_GRADES = {
    form: str(g)
    for g, roman in enumerate(_ROMAN)
    for form in (str(g), f"grade {g}", f"grad {g}", roman, f"grade {roman}")
}

UNKNOWN = frozenset(
    {
        *("unknown", "unk", "u", "missing", "not known", "not available", "not done", "nd"),
        *("not reported", "not recorded", "not applicable", "(not used)", "?", "-", "--"),
        *("unbekannt", "k.a.", "fehlt", "inconnu", "未知", "不详"),
    }
)
"""Words for a value that is not known."""

SURE: dict[str, dict[str, str]] = {
    "sex": _words(
        female="female|f|w|woman|weiblich|frau|femme|féminin|feminin|女|女性",
        male="male|m|man|männlich|maennlich|mann|homme|masculin|男|男性",
    ),
    "emd": _words(
        none="none|no emd|no extramedullary disease|keine",
        cns="cns|cns only|isolated cns|zns|isolated cns involvement",
        other="other|other than cns|non-cns|non cns|other sites",
    ),
    "genetic_risk": _words(
        standard="standard|standard risk|standard-risk|std|标危",
        high="high|high risk|high-risk|hoch|高危",
    ),
    "prior_hsct": _words(no=_NO, yes=_YES),
    "response": _words(
        CR="cr|complete remission|complete response|完全缓解",
        CRi="cri|cr i|complete remission with incomplete haematologic recovery|"
        "complete remission with incomplete hematologic recovery|"
        "complete remission with incomplete count recovery",
        NR="nr|no response|no remission|non-responder|nonresponder|未缓解|无效",
    ),
    "mrd": _words(
        negative="negative|neg|mrd negative|mrd-negative|mrd-|negativ|négatif|undetectable|阴性",
        positive="positive|pos|mrd positive|mrd-positive|mrd+|positiv|positif|detectable|阳性",
    ),
    "crs_grade": _GRADES,
    "icans_grade": _GRADES,
    "ae_grade_max": _GRADES,
    "os_event": _VITAL | _words(**_HAPPENED),
    "rfs_event": _words(**_HAPPENED)
    | _words(**{"1": "relapse or death", "0": "disease free|diseasefree|relapse free"}),
    "rfs_cause": _words(
        relapse="relapse|relapsed|recurrence|rezidiv|rechute|复发",
        death=f"{_DEAD}|non-relapse mortality|nrm|death in remission",
    ),
}
"""Our level by a word that can hardly mean another."""

DOUBTFUL: dict[str, dict[str, str]] = {
    "sex": {"1": "male", "2": "female", "0": "female", "h": "male", "v": "male"},
    "emd": _words(none=_NO, other=f"{_YES}|extramedullary"),
    "genetic_risk": _words(
        standard=f"low|low risk|favourable|favorable|good|intermediate|normal|sr|{_NO}",
        high=f"poor|adverse|unfavourable|unfavorable|very high|hr|{_YES}",
    ),
    "prior_hsct": _words(no="none|never", yes="allo|allogeneic|auto|autologous|haplo"),
    "response": _words(
        CR=f"responder|response|remission|mrd-negative cr|{_YES}",
        CRi="crh|crp",
        NR=f"pr|pd|sd|rd|partial remission|partial response|progressive disease|stable disease|"
        f"refractory|refractory disease|relapse|{_NO}",
    ),
    "mrd": _words(negative=_NO, positive=_YES),
    "crs_grade": {"none": "0", "no": "0", "no crs": "0"},
    "icans_grade": {"none": "0", "no": "0", "no icans": "0"},
    "ae_grade_max": {"none": "0", "no": "0"},
    "os_event": {"2": "1"},
    "rfs_event": _words(**{"1": f"relapse|relapsed|recurred|progressed|recurred/progressed|{_DEAD}",
                           "0": _ALIVE}),
    "rfs_cause": {},
}  # fmt: skip
"""Our level by a word that often means it, but need not."""

_CODED = re.compile(r"\d+\s*[:=.-]\s*(?=[^\d\s])")
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
_CODE = r"(?<![\w.])(\d{1,3}|[A-Za-z]{1,3})"
_WORD = r"([^,;|()\[\]{}/=:、。]+?)"
_LEGEND = re.compile(rf"{_CODE}\s*[=:]\s*{_WORD}\s*(?=[,;|()\[\]{{}}/、。]|$|\s{_CODE}\s*[=:])")
_LEGEND_TURNED = re.compile(
    r"([^\W\d_][^,;|()\[\]{}/=:、。]*?)\s*(?:[=:]\s*(\d{1,2})(?=\s*(?:[,;|)\]}/、。]|$))|"
    r"[(\[](\d{1,2})[)\]])"
)
_LISTED = re.compile(r"\s*(\d{1,2})\s*[-–—.)]?\s*([^\W\d].*?)\s*")  # 0 - dead
_NOT = frozenset({"no", "not", "non", "without", "never", "kein", "keine", "nicht", "ohne", "pas"})


@dataclass(frozen=True)
class Translation:
    """What the values of a column seem to mean.

    Attributes
    ----------
    levels : dict of str to (str or None)
        Our level by their text, none for missing.
    doubts : tuple of str
        What is not sure about it.
    by_dictionary : bool
        Whether codes were understood by a dictionary or a legend in label or name.
    """

    levels: dict[str, str | None]
    doubts: tuple[str, ...]
    by_dictionary: bool


def legend(label: str) -> dict[str, str]:
    """Find what a text says of codes, as in "status (0 = alive, 1 = dead)"."""
    text = unicodedata.normalize("NFKC", label)
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
    return {code: word.strip() for code, word in found}


def without_brackets(text: str) -> str:
    """Leave out what a name or label says in brackets: units and codes."""
    return _BRACKETS.sub(" ", unicodedata.normalize("NFKC", text)).strip()


def choices_of(column: Column) -> Mapping[str, str]:
    """Give what a dictionary, or else a legend in label or name, says of a column's codes."""
    return column.choices or legend(column.said) or legend(column.name)


def vital(text: str) -> str:
    """Tell whether a word says dead or alive."""
    word = fold(_CODED.sub("", fold(text), count=1))
    first = tokens(word)[:1]
    return _VITAL.get(word) or _VITAL.get(first[0] if first else "", "")


def meaning(target: str, text: str) -> tuple[bool, str | None]:
    """Say what a dictionary's word for a code means in one of our columns."""
    word = fold(_CODED.sub("", fold(text), count=1))
    if word in UNKNOWN:
        return True, None
    ours = DOUBTFUL[target] | _ours(target)
    if word in ours:
        return True, ours[word]
    # a phrase counts if all of its words that are known say the same
    told = tokens(text)
    found = {
        ours[w]
        for before, w in zip(["", *told], told, strict=False)
        if w in ours and before not in _NOT and (len(w) > 1 and not w.isdigit())
    }
    return len(found) == 1, found.pop() if len(found) == 1 else None


def translate(target: str, texts: Iterable[str], choices: Mapping[str, str]) -> Translation:
    """Say what the values of a column seem to mean in one of ours."""
    meanings = {fold(code): word for code, word in choices.items()}
    levels: dict[str, str | None] = {}
    doubts: list[str] = []
    by_dictionary = False
    for text in texts:
        code = fold(text)
        word = fold(_CODED.sub("", meanings.get(code, text), count=1))
        if meanings and code in meanings:
            by_dictionary = True
        elif meanings and re.fullmatch(r"\w{1,3}", code):
            doubts.append(f"the dictionary does not say what {shown(text)} means")
            levels[text] = None
            continue
        levels[text], doubt = _meaning(target, word, text)
        if doubt:
            doubts.append(doubt)
    return Translation(levels, tuple(doubts), by_dictionary)


_LETTERS = {
    frozenset("hm"): ({"h": "male", "m": "female"}, "H and M: hombre and mujer?"),
    frozenset("vm"): ({"v": "female", "m": "male"}, "V and M: vrouw and man, or varón and mujer?"),
}
_SPANISH = frozenset({"sexo", "genero", "género"})


def men_and_women(texts: Iterable[str], name: Iterable[str]) -> Translation | None:
    """Translate letters for the sexes of which M need not be male."""
    known = [text for text in texts if fold(text) not in UNKNOWN]
    letters = frozenset(fold(text) for text in known)
    if letters not in _LETTERS:
        return None
    levels, doubt = _LETTERS[letters]
    if "v" in letters and _SPANISH & set(name):
        levels = {"v": "male", "m": "female"}
    made: dict[str, str | None] = {text: levels.get(fold(text)) for text in texts}
    return Translation(made, (f"{doubt} M is not male in every language",), by_dictionary=False)


def _ours(target: str) -> dict[str, str]:
    return {fold(level): level for level in FIELDS[target].levels} | SURE[target]


def _meaning(target: str, word: str, text: str) -> tuple[str | None, str]:
    ours = _ours(target)
    if word in ours:
        return ours[word], ""
    if word in UNKNOWN:
        weighty = target == "response" or FIELDS[target].kind == "event"
        return None, f"{shown(text)} would count as missing" if weighty else ""
    if word in DOUBTFUL[target]:
        level = DOUBTFUL[target][word]
        return level, f"does {shown(text)} mean {level}?"
    return None, f"what does {shown(text)} mean? It would count as missing"
