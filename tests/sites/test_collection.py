"""Several cohorts in one site: what is built, what a failure does, and what must not get out."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import jupytext
import nbformat
import pytest
from conftest import ROOT

from cartanalysis.errors import InputError
from cartanalysis.intake.admission import Request
from cartanalysis.publish import checks, owner
from cartanalysis.publish.book import Book
from cartanalysis.publish.execute import Failures
from cartanalysis.publish.run import prepare
from cartanalysis.publish.verify import verify
from cartanalysis.sites import collection
from cartanalysis.sites.collection import Collection, publish_all
from cartanalysis.study.reconstruct import reconstruct

CACHE = ROOT / "_build" / "cache"  # the book's own: keyed by content, so sharing it is safe
START = Book(ROOT / collection.START).pages

CHAPTER = """# %% [markdown]
# # Is one one?

# %% tags=["parameters"]
cohort: str = "an2020"
confidence: float = 0.95

# %%
from cartanalysis import Study

study = Study("one", cohort, confidence=confidence)
if len(study.patients) == 9:
    raise ValueError(f"only men: {study.patients}")
study.hand_over(orr=study.remission().rate)
"""

BAD = "patient_id,os_days,os_event\nMARKER-IN-AN-ID,-3,1\n"
ONLY_MEN = "patient_id,sex\n" + "".join(f"MARKER-{i},male\n" for i in range(9))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A book of one page and one chapter, with the start page of the real one."""
    root = tmp_path_factory.mktemp("book") / "tiny"
    shutil.copytree(ROOT / collection.START, root / collection.START)
    for folder in ("static", "templates"):
        shutil.copytree(ROOT / "book" / folder, root / "book" / folder)
    (root / "notebooks").mkdir()
    for name in ("_config.yml", "requirements.txt", "book/references.bib", "book/references.md",
                 "notebooks/comparison.py"):  # fmt: skip
        shutil.copy(ROOT / name, root / name)
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: notebooks/one\n"
    )
    (root / "book" / "index.md").write_text("# Tiny\n\nRemission: {num}`orr`.\n")
    (root / "notebooks" / "one.py").write_text(CHAPTER)
    return root


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Cohorts of patients (drawn ones, but to the program files of a user), good and bad."""
    folder = tmp_path_factory.mktemp("files")
    text = reconstruct(7)
    (folder / "north.csv").write_text(text.replace("\nan2020-seed7-", "\nMARKER-N"))
    half = "\n".join(text.splitlines()[:25])
    (folder / "other").mkdir()
    (folder / "other" / "north.csv").write_text(half.replace("\nan2020-seed7-", "\nMARKER-S"))
    (folder / "bad.csv").write_text(BAD)
    (folder / "men.csv").write_text(ONLY_MEN)
    return folder


def run(tiny: Path, out: Path, *cohorts: str | Path, **options) -> Collection:
    requests = [Request(str(c)) for c in cohorts]
    return publish_all(requests, out, book_root=tiny, cache_dir=CACHE, **options)


@pytest.fixture(scope="module")
def done(tiny, files, tmp_path_factory) -> Collection:
    out = tmp_path_factory.mktemp("out") / "site"
    two = files / "other" / "north.csv"
    return run(tiny, out, files / "north.csv", two, "an2020", files / "bad.csv", files / "men.csv")


def page_of(site: Path, name: str) -> str:
    return (site / f"{name}.html").read_text()


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# --- what is built -------------------------------------------------------------------------------


def test_each_cohort_has_its_outcome(done):
    assert [(o.name, o.slug, o.failed) for o in done.outcomes] == [
        ("north", "north", False),
        ("north (2)", "north-2", False),
        ("an2020", "an2020", False),
        ("bad", "bad", True),
        ("men", "men", True),
    ]
    assert done.failed
    bad, men = done.outcomes[3].lines, done.outcomes[4].lines
    assert any("column “os_days”" in line and "row 2" in line for line in bad)
    assert men == (
        "one: cell 4 failed: ValueError: only men: 9 patients of a protected cohort; their rows "
        "are not shown",
    )


def test_the_site_passes_its_checks_and_verify(done):
    assert checks.check(done.site, START) == []
    assert verify(done.site) > verify(done.site / "north") > 20
    run_record = json.loads((done.site / "run.json").read_text())
    assert "north-2/results.json" in run_record["files"]
    assert run_record["failed"] == ["men"]
    hashed = [{"sha256", "hmac_sha256"} & set(c) for c in run_record["cohorts"]]
    keyed = {"hmac_sha256"}
    assert hashed == [keyed, keyed, {"sha256"}, set(), keyed]


def test_the_start_page_tells_who_is_there_and_who_failed(done):
    page = page_of(done.site, "book/collection/index")
    text = words_of(page)
    assert "2 of 5 cohorts could not be published: bad, men." in text
    assert "north : 47 patients" in text
    assert "an2020 : a reconstruction, not patient data (n = 47)" in text
    assert "bad : not published. Its file cannot be used: 1 problem" in text
    assert "men : not published. Its book could not be built" in text
    for slug in ("north", "north-2", "an2020"):
        assert f'href="../../{slug}/index.html"' in page
    assert 'href="../../bad' not in page
    assert not (done.site / "bad").exists()


def test_every_page_of_a_book_leads_back_to_the_start(done):
    for page in (done.site / "north").rglob("*.html"):
        if {"_static", "slides"} & set(page.parts) or (
            page.name == "index.html" and page.parent.name == "north"
        ):
            continue
        (link,) = re.findall(r'<a class="cart-home" href="([^"]+)"', page.read_text())
        assert (page.parent / link).resolve() == (done.site / "index.html").resolve()


def test_banners(done):
    for name in ("index", "notebooks/comparison", "search"):
        page = page_of(done.site, name)
        assert "<strong>Several cohorts.</strong>" in page
        assert "<em>an2020</em> is a reconstruction, not patient data" in page
        assert "Your data.</strong>" not in page
    assert "Not patient data." in page_of(done.site, "an2020/book/index")
    assert "Your data." in page_of(done.site, "north-2/book/index")


def test_the_comparison_holds_the_cohorts_that_were_built(done):
    text = words_of(page_of(done.site, "notebooks/comparison"))
    for heading in ("north", "north (2)", "an2020: reconstruction, not patient data"):
        assert heading in text
    assert "pooled over 2 cohorts of patients" in text
    values = {e["id"]: e for e in json.loads((done.site / "results.json").read_text())["values"]}
    assert values["pooled_os_1y"]["evidence"] == "your data"
    assert values["pooled_os_1y"]["value"] is not None


def test_no_patient_and_no_path_in_any_byte(done, files, tiny):
    secrets = [b"MARKER", str(files).encode(), str(tiny).encode(), str(ROOT).encode()]
    for path in done.site.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [s for s in secrets if s in content], path


# --- running again -------------------------------------------------------------------------------


def test_the_same_results_with_other_jobs_and_nothing_to_do_in_a_second_run(
    done, tiny, files, tmp_path
):
    two = files / "other" / "north.csv"
    cohorts = (files / "north.csv", two, "an2020", files / "bad.csv")
    first = run(tiny, tmp_path / "site", *cohorts, jobs=1)
    theirs, ours = (site / "results.json" for site in (done.site, first.site))
    assert theirs.read_bytes() == ours.read_bytes()
    before = {p: p.stat().st_mtime_ns for p in first.site.rglob("*")}
    second = run(tiny, first.site, *cohorts)
    assert second.unchanged
    assert second.failed
    assert second.outcomes == first.outcomes
    assert before == {p: p.stat().st_mtime_ns for p in first.site.rglob("*")}


def test_a_failed_book_is_tried_again(done, tiny, files):
    two = files / "other" / "north.csv"
    cohorts = (files / "north.csv", two, "an2020", files / "bad.csv", files / "men.csv")
    again = run(tiny, done.site, *cohorts)
    assert not again.unchanged
    assert again.outcomes == done.outcomes


# --- what must stop a run ------------------------------------------------------------------------


def nothing_written(out: Path) -> bool:
    return not out.exists() and not [p for p in out.parent.iterdir() if p.name.startswith(".")]


def test_all_problems_of_all_files_are_told_together(tiny, files, tmp_path):
    with pytest.raises(InputError) as told:
        run(tiny, tmp_path / "site", files / "bad.csv", "gone.csv")
    assert "2 cohorts: 2 problems" in str(told.value)
    assert "bad.csv" in str(told.value)
    assert "gone.csv" in str(told.value)
    assert nothing_written(tmp_path / "site")


def test_the_same_patients_twice_are_refused(tiny, files, tmp_path):
    shutil.copy(files / "north.csv", tmp_path / "copy.csv")
    with pytest.raises(InputError, match="“copy” holds the same patients as “north”"):
        run(tiny, tmp_path / "site", files / "north.csv", tmp_path / "copy.csv")
    assert nothing_written(tmp_path / "site")


def test_small_updates_of_all_cohorts_are_told_together(tiny, files, tmp_path):
    site = tmp_path / "site"
    for file, folder in (
        (files / "north.csv", "north"),
        (files / "other" / "north.csv", "north-2"),
    ):
        cohort = prepare(Book(tiny), Request(str(file))).cohort
        owner.remember(replace(cohort, table=cohort.table.iloc[1:]), site / folder)
    with pytest.raises(InputError, match="2 problems") as told:
        run(tiny, site, files / "north.csv", files / "other" / "north.csv", "an2020")
    assert "north differs in 1 patient" in str(told.value)
    assert "north (2) differs in 1 patient" in str(told.value)
    assert nothing_written(site)


def test_if_all_fail_the_earlier_site_stands(tiny, files, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    with pytest.raises(Failures) as told:
        run(tiny, site, files / "men.csv", files / "bad.csv")
    assert any(line.startswith("men: one: cell 4 failed") for line in told.value.lines)
    assert any(line.startswith("bad: ") for line in told.value.lines)
    assert list(site.iterdir()) == []


def test_a_wrong_parameter_is_told_once(tiny, files, tmp_path):
    with pytest.raises(InputError, match="parameters: 1 problem"):
        run(tiny, tmp_path / "site", files / "north.csv", "an2020", assignments=["confidance=0.9"])
    with pytest.raises(InputError, match="no chapter has a parameter “cohorts”"):
        run(tiny, tmp_path / "site", files / "north.csv", "an2020", assignments=["cohorts=x"])


def test_a_book_without_a_start_page(tiny, files, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny, copy)
    shutil.rmtree(copy / collection.START)
    with pytest.raises(InputError, match="no start page"):
        run(copy, tmp_path / "site", files / "north.csv", "an2020")


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "slugs"),
    [
        (["CON", "nul", "COM1"], ["cohort-con", "cohort-nul", "cohort-com1"]),
        (["book", "notebooks", "data"], ["cohort-book", "cohort-notebooks", "cohort-data"]),
        (["A b", "a-B", "A.b"], ["a-b", "a-b-2", "a-b-3"]),
        (["北京", "..", "-"], ["cohort", "cohort-2", "cohort-3"]),
        (["x" * 300, "x" * 299], ["x" * 40, "x" * 38 + "-2"]),
        (["con", "cohort-con"], ["cohort-con", "cohort-con-2"]),
    ],
)
def test_folders_are_allowed_everywhere_and_free(names, slugs):
    found: list[str] = []
    for name in names:
        found.append(collection.free_slug(name, found))
    assert found == slugs
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}", folder) for folder in found)


def test_no_cohort_can_take_a_name_of_the_start_page(done):
    mine = {o.slug for o in done.outcomes}
    taken = {p.name for p in done.site.iterdir() if p.is_dir()} - mine
    assert {n for n in taken if not n.startswith("_")} <= collection.RESERVED


# --- the chapter ---------------------------------------------------------------------------------


def test_the_pair_agrees():
    script = jupytext.read(ROOT / "notebooks" / "comparison.py", fmt="py:percent")
    notebook = nbformat.read(ROOT / "notebooks" / "comparison.ipynb", as_version=4)
    script_cells, cells = (
        [(c.cell_type, c.source, c.metadata.get("tags", [])) for c in nb.cells]
        for nb in (script, notebook)
    )
    assert script_cells == cells
