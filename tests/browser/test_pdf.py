"""The book as a PDF: one page made of all pages, printed by a real browser."""

from __future__ import annotations

import pytest
from conftest import CHROMIUM
from tinybook import edit, run

from cartanalysis.cli import main
from cartanalysis.errors import InputError
from cartanalysis.publish import pdf
from cartanalysis.publish.verify import verify

PAGES = ["book/index", "notebooks/one"]

EXERCISE = """
# %% [markdown]
# ## Exercise
#
# See [the start](../book/index.md).
#
# ```{dropdown} Hint
# Look twice.
# ```

# %% tags=["solution"]
1 + 1
"""


@pytest.fixture
def site(tiny):
    edit(tiny / "book" / "index.md", "# Tiny", "# Tiny\n\n[One](../notebooks/one.ipynb)")
    with (tiny / "notebooks" / "one.py").open("a") as chapter:
        chapter.write(EXERCISE)
    assert run(tiny) == 0
    return tiny.parent / "site"


def test_all_pages_are_on_one(site, browser):
    sheet = site / "print.html"
    sheet.write_text(pdf.combine(site, PAGES), encoding="utf-8")
    page = browser.new_page()
    page.emulate_media(media="print")
    page.goto(sheet.as_uri())
    assert page.locator("article").count() == 2
    assert "Not patient data" in page.locator("body").inner_text()
    assert page.locator("script").count() == 0
    pictures = page.locator("img").all()
    assert pictures
    for picture in pictures:
        assert picture.evaluate("i => i.decode().then(() => i.naturalWidth > 0)")
    within = [a.get_attribute("href") or "" for a in page.locator("a[href^='#']").all()]
    assert "#notebooks/one--" in within and "#book/index--" in within
    for address in within:
        assert page.evaluate("id => document.getElementById(id) !== null", address[1:]), address
    assert page.get_by_text("Look twice.").is_visible(), "paper cannot be unfolded"
    assert page.get_by_text("Where this comes from").count() > 0
    assert not page.get_by_text("Where this comes from").first.is_visible()
    page.close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found, which prints the PDF")
def test_the_pdf_is_printed_linked_and_part_of_the_site(tiny, site):
    command = ["pdf", str(site), "--book", str(tiny)]
    for _ in range(2):  # the second time over its own result
        assert main(command) == 0
        made = (site / pdf.NAME).read_bytes()
        assert made.startswith(b"%PDF-") and len(made) > 20_000
        front = (site / "book" / "index.html").read_text()
        assert front.count(f'href="../{pdf.NAME}"') == 1
        assert verify(site) > 10


def test_without_a_chromium_it_says_what_to_do(tiny, site, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert main(["pdf", str(site), "--book", str(tiny)]) == 2
    assert "apt install chromium" in capsys.readouterr().err
    assert not (site / pdf.NAME).exists()


def test_anything_else_is_refused(tmp_path):
    if CHROMIUM is None:
        pytest.skip("no Chromium found, which prints the PDF")
    with pytest.raises(InputError, match="not a whole site"):
        pdf.write_pdf(tmp_path, PAGES)
