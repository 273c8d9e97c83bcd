"""A book of one page and one chapter, for tests that publish."""

from __future__ import annotations

import shutil
from pathlib import Path

from cartanalysis.chapter import handover
from cartanalysis.cli import main

TESTS = Path(__file__).parent
ROOT = TESTS.parent

CHAPTER = """# %% [markdown]
# # Is one one?

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1
days: int = 28

# %%
from cartanalysis import Study

study = Study("one", cohort, min_cell=min_cell)
remission = study.remission()
study.hand_over(orr=remission.rate)
study.show(remission.figure("rate", "Remission."))
"""


def make(root: Path) -> Path:
    """Write the sources of a tiny book."""
    shutil.copytree(ROOT / "book" / "static", root / "book" / "static")
    shutil.copytree(ROOT / "book" / "templates", root / "book" / "templates")
    (root / "notebooks").mkdir()
    for name in ("_config.yml", "requirements.txt"):
        shutil.copy(ROOT / name, root)
    shutil.copy(ROOT / "book" / "references.bib", root / "book")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: notebooks/one\n"
    )
    (root / "book" / "index.md").write_text("# Tiny\n\nRemission: {num}`orr`.\n")
    (root / "notebooks" / "one.py").write_text(CHAPTER)
    return root


def run(tiny: Path, *more: str) -> int:
    """Publish a tiny book beside its sources."""
    return main(["publish", "--book", str(tiny), "--out", str(tiny.parent / "site"), *more])


def edit(path: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def shown_of(study, figure, monkeypatch) -> tuple[str, str]:
    """Hand a figure over as a chapter does; give its SVG, and its caption."""
    outputs = []
    monkeypatch.setattr(
        handover, "publish_display_data", lambda data, metadata: outputs.append((data, metadata))
    )
    study.show(figure)
    data, metadata = outputs[0]
    return data["image/svg+xml"], metadata["cartanalysis"]["figure"]["caption"]
