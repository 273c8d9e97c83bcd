"""Quizzes answer in the page itself, with keys and without a script; slides obey arrow keys."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, Page
from tinybook import ROOT, make, run

from cartanalysis.teaching import deck

QUIZ = """
# %% [markdown]
# ## Check yourself
#
# ```{quiz}
# Is *one* one?
# - [ ] No. :: Count again.
# - [x] Yes. :: So it is.
# ```
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A book with one quiz."""
    root = make(tmp_path_factory.mktemp("quiz") / "tiny")
    for name in ("quiz.js", "quiz.css"):
        shutil.copy(ROOT / "book" / "static" / name, root / "book" / "static")
    with (root / "notebooks" / "one.py").open("a") as chapter:
        chapter.write(QUIZ)
    assert run(root) == 0
    return root.parent / "site"


def opened(browser: Browser, page: Path, **options) -> tuple[Page, list[str]]:
    tab = browser.new_context(**options).new_page()
    trouble: list[str] = []
    tab.on("pageerror", lambda e: trouble.append(str(e)))
    tab.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    tab.goto(page.as_uri())
    return tab, trouble


def test_a_quiz_answers_to_the_keyboard(site, browser):
    tab, trouble = opened(browser, site / "notebooks" / "one.html")
    group = tab.get_by_role("group", name="Is one one?")
    first = group.get_by_role("radio", name="No.")
    feedback = group.get_by_role("status")
    assert feedback.inner_text() == ""
    first.focus()
    tab.keyboard.press("Space")
    assert feedback.inner_text() == "Wrong: No. Count again."
    tab.keyboard.press("ArrowDown")
    assert feedback.inner_text() == "Right: Yes. So it is."
    assert tab.locator(".cart-quiz details").count() == 0
    assert trouble == []
    tab.context.close()


def test_without_a_script_the_answer_is_in_a_drop_down(site, browser):
    tab, _ = opened(browser, site / "notebooks" / "one.html", java_script_enabled=False)
    quiz = tab.locator(".cart-quiz")
    assert "Is one one?" in quiz.inner_text()
    assert not quiz.get_by_text("So it is.").is_visible()
    quiz.locator("summary").click()
    assert quiz.get_by_text("So it is.").is_visible()
    assert quiz.locator("input").count() == 0
    tab.context.close()


def test_only_pages_with_a_quiz_load_its_script(site):
    assert "quiz.js" in (site / "notebooks" / "one.html").read_text()
    assert "quiz.js" not in (site / "book" / "index.html").read_text()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_slides_follow_the_arrow_keys(site, browser, width, scheme):
    tab, trouble = opened(
        browser,
        site / "slides" / "one.html",
        viewport={"width": width, "height": 720},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    place = tab.locator(".place")
    assert place.inner_text() == "1 / 2"
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.querySelector('.place').textContent === '2 / 2'")
    tab.keyboard.press("Home")
    tab.wait_for_function("document.querySelector('.place').textContent === '1 / 2'")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert trouble == []
    tab.context.close()


def table(columns: int) -> str:
    cells = "".join(f"<td>somewhat_long_word_{i}</td>" for i in range(columns))
    return f"<table><thead><tr><th>Head</th></tr></thead><tbody><tr>{cells}</tr></tbody></table>"


@pytest.fixture(scope="module")
def slides(tmp_path_factory) -> Path:
    """Slides: a quiz, a narrow and a wide table, a text taller than the window."""
    quiz = QUIZ.split("# %% [markdown]\n")[1].replace("# #", "#").replace("\n# ", "\n")
    cells = [
        new_markdown_cell("# One\n\nTwo."),
        new_markdown_cell(quiz.replace("\n#\n", "\n\n")),
        *(
            cell
            for columns in (1, 30)
            for cell in (
                new_markdown_cell(f"## {columns} columns"),
                new_code_cell(outputs=[new_output("display_data", {"text/html": table(columns)})]),
            )
        ),
        new_markdown_cell("## Long\n\n" + "A paragraph.\n\n" * 40),
        new_markdown_cell("## Last\n\nThe end."),
    ]
    path = tmp_path_factory.mktemp("slides") / "slides.html"
    path.write_text(deck(new_notebook(cells=cells), ""), encoding="utf-8")
    return path


def is_at(tab: Page, place: int, of: int = 6) -> None:
    tab.wait_for_function(
        f"document.querySelector('.place').textContent === '{place} / {of}'", timeout=5000
    )


def test_arrow_keys_go_on_after_a_click(slides, browser):
    tab, trouble = opened(browser, slides, reduced_motion="reduce")
    tab.keyboard.press("ArrowRight")
    is_at(tab, 2)
    tab.locator("summary").click()
    assert tab.get_by_text("So it is.").is_visible()
    tab.keyboard.press("Space")
    assert not tab.get_by_text("So it is.").is_visible(), "the key still opens and closes"
    tab.keyboard.press("ArrowRight")
    is_at(tab, 3)
    tab.locator(".wide").first.click()
    tab.keyboard.press("ArrowRight")
    is_at(tab, 4)
    wide = tab.locator(".wide").nth(1)
    wide.focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("document.querySelectorAll('.wide')[1].scrollLeft > 0")
    is_at(tab, 4)
    tab.keyboard.press("ArrowDown")
    is_at(tab, 5)
    assert trouble == []
    tab.context.close()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_slide_taller_than_the_window_is_scrolled_first(slides, browser, motion):
    tab, trouble = opened(browser, slides, reduced_motion=motion)
    for _ in range(4):  # faster than the page moves
        tab.keyboard.press("ArrowRight")
    is_at(tab, 5)
    end = "document.querySelectorAll('section')[4].getBoundingClientRect().bottom - innerHeight"
    presses = 0
    tab.wait_for_timeout(700)
    while tab.evaluate(end) > 40:
        before = tab.evaluate(end)
        tab.keyboard.press("ArrowRight")
        presses += 1
        assert presses < 20
        tab.wait_for_function(f"{end} < {before} - 1")
        tab.wait_for_timeout(700)
        is_at(tab, 5)
    assert presses >= 1
    tab.keyboard.press("ArrowRight")
    is_at(tab, 6)
    tab.keyboard.press("ArrowRight")
    is_at(tab, 6)
    assert trouble == []
    tab.context.close()
