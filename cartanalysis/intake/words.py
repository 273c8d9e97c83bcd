"""The words by which columns and codes are known (``words/``), and what each means."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from importlib import resources
from typing import Any

import yaml

from cartanalysis.contract import FIELDS
from cartanalysis.errors import shown
from cartanalysis.text import fold, same_code

# nothing is guessed: "no" stays a word and 1 a text; the compiled reader is ten times faster
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
VOCABULARIES = ("values", "privacy", "english", "german", "french", "spanish", "italian", "chinese",
                "japanese", "registries", "networks")  # fmt: skip
"""The files of words, each with its sources; of words that tell as much, the first counts."""


def _joined(one: Any, other: Any) -> Any:
    """Join what two vocabularies say, list by list."""
    if isinstance(one, dict):
        return {k: _joined(one[k], other[k]) if k in one and k in other else
                (one if k in one else other)[k] for k in {**one, **other}}  # fmt: skip
    return [*one, *(word for word in other if word not in one)]


def _read(name: str) -> dict[str, Any]:
    text = (resources.files("cartanalysis.intake") / "words" / f"{name}.yml").read_text("utf-8")
    read: dict[str, Any] = yaml.load(text, _LOADER)
    return read


WORDS: dict[str, Any] = reduce(_joined, map(_read, VOCABULARIES))  # all vocabularies as one


def expression(said: str | list[str]) -> str:
    """Write alternatives of a vocabulary as one regular expression."""
    text = said if isinstance(said, str) else "|".join(said)
    return re.sub("«(.*?)»", _part, text)


def _part(found: re.Match[str]) -> str:
    return f"(?:{expression(WORDS['parts'][found[1]])})"


def tokens(text: str) -> list[str]:
    """Split a name into words: ``osMonths``, ``OS_MONTHS`` and ``OS (Months)`` alike."""
    split = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    return re.findall(r"[^\W_]+|%", split.casefold())


def repaired(text: str) -> str:
    """Undo an accent that was read in the wrong encoding, as in ``GrÃ¶ÃŸe``."""
    for encoding in ("cp1252", "latin-1") if "Ã" in text or "Â" in text else ():
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:  # it is as it was meant
            continue
    return text


def plain(text: str) -> str:
    """Write Latin letters without their accents."""
    if text.isascii():
        return text
    parts = (unicodedata.normalize("NFD", letter) for letter in text)
    return "".join(p[0] if p[0].isascii() else unicodedata.normalize("NFC", p) for p in parts)


_WITHOUT_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def spellings(word: str) -> dict[str, None]:
    """Give a word as it is, without accents, and as German is written without umlauts."""
    folded = fold(word)
    return dict.fromkeys((folded, plain(folded), folded.translate(_WITHOUT_UMLAUTS)))


# --- who was infused -----------------------------------------------------------------------------

INFUSED = frozenset(form for word in WORDS["infused_words"] for form in spellings(word))
"""Words that say that somebody was infused."""

_DENIED = frozenset(WORDS["denied"])
_NOT_INFUSED = frozenset(plain(fold(phrase)) for phrase in WORDS["not_infused"])
_IN_SIGNS = tuple(phrase for phrase in _NOT_INFUSED if not phrase.isascii())
_A_FEW = 4
"""So many words may stand from one that denies to what it denies, as in "pas encore réinjecté"."""


def not_infused(text: str) -> bool:
    """Tell whether a text says that somebody was not infused."""
    told = tokens(plain(fold(repaired(text))))
    if " ".join(told) in _NOT_INFUSED or any(signs in "".join(told) for signs in _IN_SIGNS):
        return True
    denied = (i for i, word in enumerate(told) if word in _DENIED)
    return any(not INFUSED.isdisjoint(told[i : i + _A_FEW]) for i in denied)


# --- levels --------------------------------------------------------------------------------------

UNKNOWN = frozenset(form for word in WORDS["unknown"] for form in spellings(word))
"""Words for a value that is not known."""

ANSWERS = {
    form: answer
    for answer, words in WORDS["answers"].items()
    for word in words
    for form in spellings(word)
}
"""``yes`` or ``no`` by a word that says so."""

BARE = frozenset(ANSWERS) - {"present", "absent"}  # words and codes that only answer a question

_VITAL = {
    form: {"dead": "1", "alive": "0"}[k]
    for k, words in WORDS["vital"].items()
    for word in words
    for form in spellings(word)
}
_ROMAN = ("0", "i", "ii", "iii", "iv", "v")
_GRADES = {
    form.format(word, number).strip(): str(grade)
    for grade, roman in enumerate(_ROMAN)
    for number in (str(grade), roman)
    for word in ("", *WORDS["grade_words"])
    for form in ("{0} {1}", "{0}{1}", "{1} {0}", "{1}{0}")
}
_CODED = re.compile(r"\d+\s*[:=.-]\s*(?=[^\d\s])")
_NOT = frozenset({"no", "not", "non", "without", "never", "kein", "keine", "nicht", "ohne", "pas"})


_PLACES = WORDS["answers"] | WORDS["vital"] | {"lost": WORDS["lost"]}
"""Words that stand in for others, as «yes»."""

LOST = frozenset(form for word in WORDS["lost"] for form in spellings(word))
"""Words for a patient who was lost to follow-up, and is censored."""


def _level_words(table: str, target: str) -> dict[str, str]:
    """Give our level by each word, with «yes» and its like written out."""
    written_out = {f"«{k}»": words for k, words in _PLACES.items()}
    found: dict[str, str] = {}
    for level, words in WORDS[table].get(target, {}).items():
        for word in words:
            for meant in written_out.get(word, [word]):
                found |= dict.fromkeys(spellings(meant), level)
    return found


_CODED_FIELDS = [name for name, spec in FIELDS.items() if spec.kind in ("level", "grade", "event")]
SURE = {
    name: {fold(level): level for level in FIELDS[name].levels}
    | (_GRADES if FIELDS[name].kind == "grade" else {})
    | _level_words("levels", name)
    for name in _CODED_FIELDS
}
"""Our level by a word that can hardly mean another."""

DOUBTFUL = {name: _level_words("perhaps_levels", name) for name in _CODED_FIELDS}
"""Our level by a word that often means it, but need not."""


def vital(text: str) -> str:
    """Tell whether a word says dead (1) or alive (0)."""
    word = _without_code(text)
    first = tokens(word)[:1]
    return _VITAL.get(word) or _VITAL.get(first[0] if first else "", "")


def _without_code(text: str) -> str:
    code = re.sub(r"(\d)[.,]0+", r"\1", text) if re.fullmatch(r"\d[.,]0+", text) else text
    return fold(_CODED.sub("", fold(repaired(code)), count=1))


def meaning(target: str, text: str) -> tuple[bool, str | None]:
    """Say whether a dictionary's word for a code is known, and which of our levels it means."""
    word = _without_code(text)
    ours = DOUBTFUL[target] | SURE[target]
    if word in ours or word in UNKNOWN:
        return True, ours.get(word)
    # a phrase counts if all of its words that are known say the same
    told = tokens(text)
    if target == "emd" and "non" in told:  # "CNS and non-CNS"
        return True, "other"
    found = {
        ours[w]
        for before, w in zip(["", *told], told, strict=False)
        if w in ours and before not in _NOT and (len(w) > 1 and not w.isdigit())
    }
    if target == "emd" and {"cns", "other"} <= found:  # another site, with the CNS or without
        return True, "other"
    return len(found) == 1, found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class Translation:
    """What the values of a column seem to mean: our level by their text, none for missing."""

    levels: dict[str, str | None]
    doubts: tuple[str, ...]
    by_dictionary: bool  # or by a legend in label or name


def translate(target: str, texts: Iterable[str], choices: Mapping[str, str]) -> Translation:
    """Say what the values of a column seem to mean in one of ours."""
    meanings = {same_code(code): word for code, word in choices.items()}
    levels: dict[str, str | None] = {}
    doubts: list[str] = []
    by_dictionary = False
    for text in texts:
        code = same_code(text)
        by_dictionary |= code in meanings
        if meanings and code not in meanings and re.fullmatch(r"\w{1,3}", code):
            doubts.append(f"the dictionary does not say what {shown(text)} means")
            levels[text] = None
            continue
        label = f" ({shown(meanings[code])})" if code in meanings else ""
        word = _without_code(meanings.get(code, text))
        levels[text], doubt = _meaning(target, word, f"{shown(text)}{label}")
        if doubt:
            doubts.append(doubt)
    if FIELDS[target].kind == "event" and by_dictionary and len(levels) == 2:
        for text, other in zip(levels, reversed(levels), strict=True):
            turned = {"0": "1", "1": "0"}.get(levels[other] or "")
            if levels[text] is None and turned and same_code(text) not in meanings:
                levels[text] = turned  # one code is explained, and the other follows
    return Translation(levels, tuple(doubts), by_dictionary)


_STROKES = frozenset({"-", "--", "---", "–", "—", "/", "//", "\\"})


def _none_of(target: str) -> str:
    """Name our level for nothing, which a stroke may mean."""
    spec = FIELDS[target]
    levels = (
        ("0",) if spec.kind != "level" else {"none", "no", "negative"}.intersection(spec.levels)
    )
    return "".join(f"{level}, or " for level in levels)


def _meaning(target: str, word: str, told: str) -> tuple[str | None, str]:
    if not_infused(word):
        return None, f"{told} seems to say not infused; such patients do not count (only:)"
    if word in SURE[target]:
        return SURE[target][word], ""
    if word in DOUBTFUL[target]:
        level = DOUBTFUL[target][word]
        return level, f"does {told} mean {level}?"
    if word in _STROKES and FIELDS[target].kind in ("grade", "event", "level"):
        return None, f"does {told} mean {_none_of(target)}missing? It would count as missing"
    if word in UNKNOWN:
        weighty = target == "response" or FIELDS[target].kind == "event"
        return None, f"{told} would count as missing" if weighty else ""
    _, meant = meaning(target, word)  # a phrase, as "MRD- CR"
    if meant is not None:
        return meant, f"does {told} mean {meant}?"
    return None, f"what does {told} mean? It would count as missing"


_LETTERS = {
    frozenset("hm"): ({"h": "male", "m": "female"}, "H and M: hombre and mujer?"),
    frozenset("vm"): ({"v": "female", "m": "male"}, "V and M: vrouw and man, or varón and mujer?"),
}
_SPANISH = frozenset({"sexo", "genero", "género"})


def men_and_women(texts: Collection[str], name: Iterable[str]) -> Translation | None:
    """Translate letters for the sexes of which M need not be male."""
    letters = frozenset(fold(text) for text in texts if fold(text) not in UNKNOWN)
    if letters not in _LETTERS:
        return None
    levels, doubt = _LETTERS[letters]
    if "v" in letters and _SPANISH & set(name):
        levels = {"v": "male", "m": "female"}
    made = {text: levels.get(fold(text)) for text in texts}
    return Translation(made, (f"{doubt} M is not male in every language",), by_dictionary=False)
