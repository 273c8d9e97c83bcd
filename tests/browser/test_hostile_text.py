"""Text from a user's file is text on the page, and never markup or code: seen by a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from tinybook import ROOT, run

LABELS = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=2>",
    "</text></svg><svg onload=window.pwned=3>",
    "[x](javascript:window.pwned=4) **b** {num}`orr`",
    "$\\href{javascript:window.pwned=5}{x}$ {{ x }} \u202eabc",
    "=HYPERLINK(\"javascript:window.pwned=6\") `c` </td>",
]  # fmt: skip
COLUMN = "<b onmouseover=window.pwned=7>site</b> {x} $y$"


@pytest.fixture
def site(tiny, tmp_path) -> Path:
    """A book about a cohort whose every text is hostile."""
    chapter = (ROOT / "notebooks" / "subgroups.py").read_text()
    # exercises lead to chapters that are not here
    results, *_ = chapter.partition("# %% [markdown]\n# ## Exercises")
    results = re.sub(r"\{cite:p\}`[^`]*`", "", results)  # nor are its references
    (tiny / "notebooks" / "subgroups.py").write_text(results)
    with (tiny / "_toc.yml").open("a") as toc:
        toc.write("- file: notebooks/subgroups\n")
    n = 90
    table = pd.DataFrame(
        {
            "patient_id": [f"<i>{i}</i>" for i in range(n)],
            COLUMN: [LABELS[i % 6] for i in range(n)],
            "response": ["CR", "CR", "NR"] * 30,
            "os_days": range(10, 10 + n),
            "os_event": [1, 0] * 45,
        }
    )
    path = tmp_path / "<svg onload=window.pwned=8> {{x}} **c**.csv"
    table.to_csv(path, index=False)
    assert run(tiny, str(path), "-p", f"strata={COLUMN}", "--min-cell", "1") == 0
    return tiny.parent / "site"


def test_hostile_text_is_inert_in_a_browser(site, browser):
    seen = ""
    for name in ("book/index", "notebooks/one", "notebooks/subgroups", "search"):
        page = browser.new_page()
        trouble: list[str] = []
        page.on("dialog", lambda d: trouble.append(f"dialog {d.message}"))  # noqa: B023
        page.on("pageerror", lambda e: trouble.append(f"error {e}"))  # noqa: B023
        page.on(
            "request",
            lambda r: None if r.url.startswith(("file:", "data:")) else trouble.append(r.url),  # noqa: B023
        )
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_load_state("load")
        assert page.evaluate("window.pwned") is None, name
        assert page.locator("img[src='x'], [onload], [onmouseover], [onerror]").count() == 0, name
        assert page.locator("a[href^='javascript:window']").count() == 0, name
        seen += page.inner_text("body")
        assert trouble == [], name
        page.close()
    for label in LABELS[:3]:
        assert label in seen, "shown as written"
