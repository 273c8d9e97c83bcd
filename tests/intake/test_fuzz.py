"""Random files and mappings: a cohort, or problems to act on; soon, and in little memory.

The files are those that people brought, changed at random, alone, in folders and in workbooks; the
mappings say everything that a mapping file may say, rightly and wrongly.
"""

from __future__ import annotations

import random
import re
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import centres
import openpyxl
import pytest
import yaml
from openpyxl.styles import Font, PatternFill
from tinybook import TESTS

from cartanalysis.contract import FIELDS
from cartanalysis.errors import InputError
from cartanalysis.intake import mapping
from cartanalysis.intake.admission import Request, admit
from cartanalysis.intake.reading import read_source

CASES, FORMATS = TESTS / "data" / "cases", TESTS / "data" / "formats"
FILES = sorted(p for folder in (CASES, FORMATS) for p in folder.rglob("*") if p.is_file())
TABLES = [p for p in FILES if p.suffix in (".csv", ".txt")]
SECONDS = 20
"""No file of these sizes takes a tenth of it, on a busy machine either."""

GROWTH = 400 * 2**10
"""Kilobytes by which the process may grow over a sweep: libraries are loaded, no tables kept."""

PIECES = [
    *("", "NA", "-9", "99", "999", "<5", "<0.01%", "1e-4", "80-90", "0.07", "7 %", "1,5", "1.095"),
    *("Y", "N", "yes", "0", "1", "2", "CR", "NR", "Dead", "Alive", "0:LIVING", "grade 3", "IV"),
    *("2020-02-30", "2021-02-28", "28.02.2021", "3/4/2021", "43831", "P1", "p 01", "1.0", "=1+1"),
    *("inf", "-1", "9" * 400, "x" * 10_001, "<script>", "{{x}}", "\u202ex", "Zu\u0308rich", "北京"),
]


def sweep(short: int, long: int) -> Any:
    """Try a few at every run, and many in the long tests."""
    many = pytest.param(2, long, marks=pytest.mark.long)
    return pytest.mark.parametrize(("seed", "times"), [(1, short), many])


@contextmanager
def bounded() -> Iterator[None]:
    """Stop what takes long, and tell of what grows."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < GROWTH, f"{grown:,} kB more"


def outcome(path: Path, plan: Path | None = None) -> str:
    """Take a file as the command does; anything but a cohort or problems is an error here."""

    def too_long(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    try:
        if plan is None:
            made = mapping.propose(read_source(path, wanted=None))
            assert made.summary().encode("utf-8", "replace")
            text = made.to_yaml()
            if made.mapping.entries:
                assert mapping.loads(text).entries == made.mapping.entries
            plan = path.parent / "yes to all.yml"
            plan.write_text(re.sub(r"\n +ask: .*", "", text), encoding="utf-8")
        cohort = admit(Request(str(path), plan))
    except InputError as error:
        assert error.problems
        assert all(p.what and p.remedy for p in error.problems)
        assert str(error).encode("utf-8", "replace")
        return "refused"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert len(cohort.table) > 0
    assert all(isinstance(note, str) and note for note in cohort.notes)
    return "read"


# --- files -------------------------------------------------------------------------------------


def mangled(rng: random.Random, data: bytes) -> bytes:
    """Change bytes, cells or lines of a file here and there."""
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        at, cut = rng.randrange(len(data) + 1), rng.choice([0, 1, 1, 4, 40])
        lines = data.splitlines(keepends=True) or [b""]
        i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.choice(["splice", "cell", "cell", "cell", "line", "swap", "separator"]):
            case "splice":
                data = data[:at] + rng.randbytes(rng.choice([0, 1, 3])) + data[at + cut :]
            case "cell":
                cells = lines[i].rstrip(b"\r\n").split(b",")
                cells[rng.randrange(len(cells))] = rng.choice(PIECES).encode()
                lines[i] = b",".join(cells) + b"\n"
                data = b"".join(lines)
            case "line":
                lines.insert(i, rng.choice([lines[j], b"", b"\n", lines[j] * 3]))
                data = b"".join(lines)
            case "swap":
                lines[i], lines[j] = lines[j], lines[i]
                data = b"".join(lines)
            case _:
                data = data.replace(b",", rng.choice([b";", b"\t", b"|", b"^", b" "]))
    return data


@sweep(40, 1500)
def test_any_changed_file_is_read_or_refused(tmp_path: Path, seed: int, times: int) -> None:
    rng = random.Random(seed)
    with bounded():
        for _ in range(times):
            source = rng.choice(FILES)
            place = tmp_path / source.name
            place.write_bytes(mangled(rng, source.read_bytes()))
            outcome(place)
            place.unlink()


@sweep(15, 200)
def test_any_folder_is_read_or_refused(tmp_path: Path, seed: int, times: int) -> None:
    rng = random.Random(seed)
    folders = [CASES / "adam_screenfail", FORMATS / "cbioportal", CASES / "redcap_names" / "a"]
    forms = (centres.sdtm, centres.omop, centres.redcap_longitudinal)
    made = [form(tmp_path / form.__name__, centres.patients()) for form in forms]
    folders += [place if place.is_dir() else place.parent for place in made]
    with bounded():
        for n in range(times):
            folder = tmp_path / str(n)
            if rng.random() < 0.6:
                shutil.copytree(rng.choice(folders), folder)
                for file in sorted(folder.iterdir()):
                    file.write_bytes(mangled(rng, file.read_bytes()))
                    if rng.random() < 0.1:
                        file.unlink()
            else:
                folder.mkdir()
                for file in rng.sample(TABLES, rng.randint(1, 4)):
                    (folder / file.name).write_bytes(mangled(rng, file.read_bytes()))
            names = [file.name for file in folder.iterdir()]
            outcome(folder, rng.choice([None, plan(rng, tmp_path, columns_of(folder), names)]))
            shutil.rmtree(folder)


@sweep(10, 300)
def test_any_workbook_is_read_or_refused(tmp_path: Path, seed: int, times: int) -> None:
    rng = random.Random(seed)
    place = tmp_path / "book.xlsx"
    with bounded():
        for _ in range(times):
            book = openpyxl.Workbook()
            book.remove(book.active)
            for source in rng.sample(TABLES, rng.randint(1, 3)):
                text = mangled(rng, source.read_bytes()).decode("utf-8", "replace")
                sheet = book.create_sheet(source.stem[:28])
                for line in text.splitlines()[:40]:
                    sheet.append([cell(rng, t) for t in line.split(",")[:30]])
                decorate(rng, sheet)
            book.save(place)
            sheets = [sheet.title for sheet in book]
            names = {str(c.value): [] for sheet in book for c in sheet[1] if c.value}
            outcome(place, rng.choice([None, plan(rng, tmp_path, names, sheets)]))


def cell(rng: random.Random, text: str) -> Any:
    """Give a cell's text as a spreadsheet may hold it."""
    clean = "".join(c for c in text if c.isprintable())
    try:
        return float(clean) if rng.random() < 0.8 else clean
    except ValueError:
        return clean


def decorate(rng: random.Random, sheet: Any) -> None:
    """Format, strike, grey, hide and merge cells at random."""
    rows = [row for row in sheet.iter_rows() if row]
    for row in rng.sample(rows, min(3, len(rows))):
        how = rng.choice(["0%", '0.0"%"', "strike", "grey", "hidden", "merged", "yyyy-mm-dd"])
        if how == "hidden":
            sheet.row_dimensions[row[0].row].hidden = True
        elif how == "merged" and rng.random() < 0.3:
            sheet.merge_cells(
                start_row=row[0].row, end_row=row[0].row, end_column=2, start_column=1
            )
        for one in row:
            if how == "strike":
                one.font = Font(strike=True)
            elif how == "grey":
                one.fill = PatternFill("solid", fgColor="FFD9D9D9")
            elif "%" in how or "-" in how:
                one.number_format = how


def columns_of(folder: Path) -> Cells:
    """Give the names in the first lines of files."""
    names: list[str] = []
    for file in sorted(folder.iterdir()):
        first = file.read_bytes().partition(b"\n")[0].decode("utf-8", "replace")
        names += [name.strip('" \r#') for name in first.replace("\t", ",").split(",")]
    return {name: [] for name in names if name} or {"a": []}


# --- mappings ----------------------------------------------------------------------------------

Cells = dict[str, list[str]]
WORDS = {
    "unit": ("days", "months", "percent", "fraction"),
    "limits": ("value", "half"),
    "for": ("responders",),
    "order": ("DMY", "MDY", "x"),
    "coding": ("event", "cnsr"),
    "decimal": (",", "."),
    "cap": ("89", "-1"),
    "origin": ("infusion", "remission"),
    "renumber": ("yes",),
}
"""What keys may say, of those that say one word."""

KEYS = {
    "id": ("renumber",),
    "label": ("missing",),
    "level": ("levels", "levels", "missing"),
    "grade": ("levels", "missing"),
    "event": ("levels", "levels", "coding"),
    "number": ("missing", "limits", "values", "decimal", "unit", "unit"),
}
"""Keys beside from:, by the kind of column; any other is a mistake, or for some columns only."""


def some(rng: random.Random, columns: Cells) -> list[str]:
    """Name a few columns, seldom one that is not there."""
    known = [*columns] * 10
    return [rng.choice([*known, "not there"]) for _ in range(rng.choice([1, 1, 2, 3]))]


def said_of(rng: random.Random, texts: list[str]) -> Any:
    """Say what a cell should hold."""
    one, odd = rng.choice(texts or PIECES), rng.choice(PIECES)
    bounds = [{"above": "0.01"}, {"below": "5"}, {"from": "2020-01-01"}, {"from": "1", "to": "3"}]
    asked = [one, one, [one, odd], {"not": one}, {"filled": "yes"}, {"filled": "no"}, *bounds]
    return rng.choice([*asked * 4, odd, {"to": odd}, {}, None, {"nothing": "x"}])


def condition(rng: random.Random, columns: Cells) -> Any:
    """Say which rows are meant."""
    ways = [
        {c: said_of(rng, columns.get(c, [])) for c in some(rng, columns)}
        for _ in range(rng.choice([1, 1, 2, 3]))
    ]
    return ways[0] if len(ways) == 1 else ways


def entry(rng: random.Random, name: str, columns: Cells) -> dict[str, Any]:
    """Say where one of our columns comes from, mostly as it may be said."""
    spec = FIELDS[name]
    ours = [*spec.levels] or [f"{grade}" for grade in range(2 if spec.kind == "event" else 6)]
    forms = {"number": ["from", "from"], "event": ["from", "rules", "rules", "filled"]}
    forms |= {"grade": ["from", "rules", "highest"], "level": ["from", "rules", "rules"]}
    form = rng.choice(forms.get(spec.kind, ["from"]) + ["dates", "days"] * (spec.unit == "days"))
    named = some(rng, columns)
    made: dict[str, Any] = {form: named[0] if form == "from" else named}
    texts = columns.get(named[0], [])
    if form == "rules":
        made[form] = {v: condition(rng, columns) for v in rng.sample(ours, min(2, len(ours)))}
        if rng.random() < 0.7:
            made["otherwise"] = rng.choice([None, *ours])
    elif form in ("dates", "days"):
        made |= {"since": rng.choice(some(rng, columns)), "otherwise": some(rng, columns)}
    elif form == "from":
        for key in rng.sample(KEYS[spec.kind], rng.choice([0, 1, 1])):
            made[key] = {
                "levels": dict.fromkeys(texts, None) | {t: rng.choice(ours) for t in texts[:6]},
                "missing": texts[:2],
                "values": {rng.choice(texts or PIECES): rng.choice(["5", "1", "x"])},
            }.get(key) or rng.choice(WORDS.get(key, ("x",)))
    if rng.random() < 0.05:
        key = rng.choice([*WORDS])
        made[key] = rng.choice(WORDS[key])
    return made


def plan(rng: random.Random, folder: Path, columns: Cells, tables: list[str] | None = None) -> Path:
    """Write a random mapping over some columns, and over some tables."""
    first = next((c for c in columns if "id" in c.lower()), next(iter(columns), "a"))
    chosen = rng.sample([f for f in FIELDS if f != "patient_id"], rng.randint(1, 3))
    said: dict[str, Any] = {"version": "1", "columns": {"patient_id": {"from": first}}}
    if rng.random() < 0.5:
        said["columns"]["patient_id"]["renumber"] = "yes"
    said["columns"] |= {name: entry(rng, name, columns) for name in chosen}
    said |= {"only": condition(rng, columns)} if rng.random() < 0.3 else {}
    said |= {"patients": "rows"} if rng.random() < 0.4 else {}
    if tables:
        named = [rng.choice([t, t, {t: first}]) for t in tables]
        said["tables"] = rng.choice([named, named, named[:1], [*named, "not there"]])
        how = ["first", "last", "highest", "lowest"]
        said["take"] = {c: rng.choice(how) for c in some(rng, columns)}
        said |= {"order": some(rng, columns)} if rng.random() < 0.2 else {}
        said |= {"by": some(rng, columns)} if rng.random() < 0.2 else {}
    used = yaml.safe_dump(said, allow_unicode=True)
    if rng.random() < 0.9:  # who has looked at a column says so
        said["keep" if tables else "drop"] = [c for c in columns if c not in used]
    place = folder / "plan.yml"
    place.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return place


@sweep(60, 2000)
def test_any_mapping_over_a_file_is_used_or_refused(tmp_path: Path, seed: int, times: int) -> None:
    rng = random.Random(seed)
    places = [p for p in TABLES if p.parent == CASES]
    results = []
    with bounded():
        for _ in range(times):
            source = rng.choice(places)
            place = tmp_path / source.name
            data = source.read_bytes()
            place.write_bytes(mangled(rng, data) if rng.random() < 0.2 else data)
            try:
                cells = read_source(place).cells
            except InputError:
                cells = {"a": ["1"], "b": ["2"]}
            texts = {name: [*dict.fromkeys(column)] for name, column in cells.items()}
            results.append(outcome(place, plan(rng, tmp_path, texts)))
            place.unlink()
    # a generator of which nothing is ever accepted would test little
    assert len(results) < 1000 or results.count("read") > len(results) / 50, results.count("read")
