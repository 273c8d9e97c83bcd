"""Random files and mappings: a cohort, or problems to act on; soon, and in little memory.

The files are those that people brought, changed at random, alone, in folders and in workbooks; the
mappings say everything that a mapping file may say, rightly and wrongly.
"""

from __future__ import annotations

import random
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
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
            made = mapping.propose(read_source(path))
            assert made.summary().encode("utf-8", "replace")
            assert mapping.loads(made.to_yaml()).entries == made.mapping.entries
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


@sweep(40, 3000)
def test_any_changed_file_is_read_or_refused(tmp_path: Path, seed: int, times: int) -> None:
    rng = random.Random(seed)
    with bounded():
        for _ in range(times):
            source = rng.choice(FILES)
            place = tmp_path / source.name
            place.write_bytes(mangled(rng, source.read_bytes()))
            outcome(place)
            place.unlink()


@sweep(15, 800)
def test_any_folder_is_read_or_refused(tmp_path: Path, seed: int, times: int) -> None:
    rng = random.Random(seed)
    folders = [CASES / "adam_screenfail", FORMATS / "cbioportal", CASES / "redcap_names" / "a"]
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


@sweep(10, 400)
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
            names = [str(c.value) for sheet in book for c in sheet[1] if c.value]
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


def columns_of(folder: Path) -> list[str]:
    names = []
    for file in sorted(folder.iterdir()):
        first = file.read_bytes().partition(b"\n")[0].decode("utf-8", "replace")
        names += [name.strip('" \r#') for name in first.replace("\t", ",").split(",")]
    return [name for name in names if name]


# --- mappings ----------------------------------------------------------------------------------


def words(rng: random.Random, columns: list[str]) -> list[str]:
    """Name a few columns, seldom one that is not there."""
    return [rng.choice([*columns, *columns, "not there"]) for _ in range(rng.randint(1, 3))]


def asked(rng: random.Random) -> Any:
    """Say what a cell should hold."""
    one = rng.choice(PIECES)
    return rng.choice(
        [
            *(one, one, [one, rng.choice(PIECES)], {"not": one}, {"filled": "yes"}),
            *({"filled": "no"}, {"above": "0.01"}, {"below": "5"}, {"from": "2020-01-01"}),
            *({"from": "1", "to": "3"}, {"to": one}, {}, None, {"nothing": "x"}),
        ]
    )


def condition(rng: random.Random, columns: list[str]) -> Any:
    """Say which rows are meant."""
    ways = [{c: asked(rng) for c in words(rng, columns)} for _ in range(rng.choice([1, 1, 2, 3]))]
    return ways[0] if len(ways) == 1 else rng.choice([ways, ways, "text", []])


def entry(rng: random.Random, name: str, columns: list[str]) -> dict[str, Any]:
    """Say where one of our columns comes from, more or less as it may be said."""
    spec = FIELDS[name]
    ours = [*spec.levels, "0", "1", "null"]
    said: dict[str, Any] = {}
    form = rng.choice(["from"] * 5 + ["rules"] * 4 + ["highest", "dates", "days", "filled"] * 2)
    some = words(rng, columns)
    said[form] = some[0] if form == "from" else some
    if form == "rules":
        said[form] = {rng.choice(ours): condition(rng, columns) for _ in range(rng.randint(1, 3))}
    if rng.random() < 0.05:
        said["constant"] = rng.choice(ours)
    more: dict[str, Any] = {
        "since": some[-1],
        "otherwise": rng.choice([words(rng, columns), "null", rng.choice(ours)]),
        "unit": rng.choice(["days", "months", "years", "percent", "fraction", "x"]),
        "levels": {p: rng.choice(ours) for p in rng.sample(PIECES, 3)}
        | dict.fromkeys(some, "relapse"),
        "missing": rng.sample(PIECES, 2),
        "limits": rng.choice(["value", "half", "x"]),
        "values": {rng.choice(PIECES): rng.choice(["85", "1", "x", "inf"])},
        "for": rng.choice(["responders", "responders", "x"]),
        "order": rng.choice(["day first", "month first", "x"]),
        "coding": rng.choice(["event", "cnsr"]),
        "decimal": rng.choice([",", "."]),
        "cap": rng.choice(["89", "-1", "x"]),
        "origin": rng.choice(["infusion", "remission"]),
        "renumber": "yes",
    }
    usual = {"dates": ["since", "otherwise"], "days": ["since", "otherwise"], "filled": ["since"]}
    keys = [k for k in usual.get(form, []) if rng.random() < 0.9]
    keys += rng.sample([*more], rng.choice([0, 0, 1, 1, 2]))
    return said | {key: more[key] for key in keys}


def plan(
    rng: random.Random, folder: Path, columns: list[str], tables: list[str] | None = None
) -> Path:
    """Write a random mapping over some columns, and over some tables."""
    columns = columns or ["a"]
    first = next((c for c in columns if "id" in c.lower()), columns[0])
    chosen = rng.sample([f for f in FIELDS if f != "patient_id"], rng.randint(1, 6))
    said: dict[str, Any] = {"version": "1", "columns": {"patient_id": {"from": first}}}
    if rng.random() < 0.3:
        said["columns"]["patient_id"]["renumber"] = "yes"
    said["columns"] |= {name: entry(rng, name, columns) for name in chosen}
    if rng.random() < 0.3:
        said["only"] = condition(rng, columns)
    if rng.random() < 0.2:
        said["patients"] = rng.choice(["rows", "rows", "x"])
    if tables and rng.random() < 0.7:
        named = [rng.choice([t, t, {t: rng.choice(columns)}]) for t in tables]
        said["tables"] = rng.choice([named, named[:1], [*named, "not there"]])
    if rng.random() < 0.3:
        how = ["first", "last", "highest", "lowest", "x"]
        said["take"] = {c: rng.choice(how) for c in words(rng, columns)}
    if rng.random() < 0.1:
        said["order"] = rng.choice(columns)
    if rng.random() < 0.1:
        said["concepts"] = {"word": {"person": ["1", "2"]}}
    said["drop"] = [c for c in columns if rng.random() < 0.3]
    place = folder / "plan.yml"
    place.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return place


@sweep(60, 6000)
def test_any_mapping_over_a_file_is_used_or_refused(tmp_path: Path, seed: int, times: int) -> None:
    rng = random.Random(seed)
    places = [p for p in TABLES if p.parent == CASES]
    results = []
    with bounded():
        for _ in range(times):
            source = rng.choice(places)
            place = tmp_path / source.name
            data = source.read_bytes()
            place.write_bytes(mangled(rng, data) if rng.random() < 0.3 else data)
            try:
                columns = [c.name for c in read_source(place).columns]
            except InputError:
                columns = ["a", "b"]
            results.append(outcome(place, plan(rng, tmp_path, columns)))
            place.unlink()
    # a generator of which nothing is ever accepted would test little
    assert times < 1000 or 0.01 < pd.Series(results).eq("read").mean() < 0.9
