"""Another study with the same engine: its registry and its chapters replace ours, nothing else."""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import tinybook

REGISTRY = """
study:
  authors: Doe J
  title: Drug A or drug B
  journal: Journal of Trials 1, 1 (2024)
  doi: 10.1000/xyz
  pmid: "1"
  pmcid: PMC1
  trial: NCT00000000

published:
  - {id: treated, label: patients treated, kind: count, value: 60, unit: patients, rounding: 0, evidence: P, place: Table 1, step: treated}
  - {id: clear, label: no residual disease, kind: rate, value: 75.0, unit: percent, rounding: 1, evidence: P, place: Table 2,
     column: mrd, level: negative, counts: [clear_n, treated], judged: without residual disease, short: no residual disease}
  - {id: alive, label: alive at day 200, kind: rate, value: 50.0, unit: percent, rounding: 1, evidence: P, place: Figure 1,
     endpoint: os, day: 200, size: treated}
  - {id: by_arm, label: lower survival with drug A, short: "OS, drug A", kind: direction, evidence: P, place: Figure 2,
     exposure: arm, worse: A, reference: B, endpoint: os, model: univariable, assumed: [a_level]}

derived:
  - {id: clear_n, label: patients without residual disease, kind: count, unit: patients, rounding: 0, evidence: D, from: [clear, treated], function: count}

assumed:
  - {id: a_level, label: the level, kind: statement, evidence: A, range: [this, another], source: convention, columns: [os_days]}
"""  # noqa: E501

DERIVATIONS = """
def _count(known):
    return round(known["clear"].fraction * known["treated"].value)


DERIVATIONS = {"count": _count}
"""

HEAD = """# %% [markdown]
# # TITLE

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1

# %%
from cartanalysis import Study

study = Study("NAME", cohort, min_cell=min_cell)
"""

VERDICTS = """
verdicts = study.verdicts()
study.hand_over(upheld=verdicts.count("upheld"))
study.show(verdicts.as_table("The claims"))
"""

SURVIVAL = """
study.hand_over(alive=study.survival("os").at(200))
study.claim("by_arm", {"A": "drug A", "B": "drug B"}, "Survival by drug.")
study.paper("alive")
"""

PAGE = """# Another study

Alive: {num}`alive`; in the paper {published}`alive`; upheld: {num}`upheld`.

```{registry} P
```
"""


def patients() -> str:
    """Write a cohort in which drug A does worse, with a third drug that is compared with nobody."""
    rows = ["patient_id,arm,mrd,os_days,os_event"]
    for i in range(48):
        arm = ("A", "B", "C")[i % 3]
        days = 20 + 6 * i if arm == "A" else 150 + 15 * i
        rows.append(f"X{i},{arm},{'positive' if i % 4 == 0 else 'negative'},{days},1")
    return "\n".join(rows) + "\n"


def replace_study(package: Path) -> None:
    """Put another study in place of ours."""
    room = package / "study"
    loader = (room / "published.py").read_text()
    shutil.rmtree(room)
    (room / "data").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "published.py": loader,
        "published.yml": REGISTRY,
        "derivations.py": DERIVATIONS,
        "examples.py": "EXAMPLES = {}\n",
        "allowed.py": "",
        "consistent.py": "",
        "peers.py": "",
        "reconstruct.py": "def reconstruct(seed=0, **_):\n    raise NotImplementedError\n",
        "data/an2020.csv": patients(),
    }.items():
        (room / name).write_text(text)


def write_book(root: Path) -> Path:
    """Write two chapters and a page."""
    tiny = tinybook.make(root)
    (tiny / "notebooks" / "one.py").unlink()
    (tiny / "book" / "index.md").write_text(PAGE)
    for name, title, text in (("verdicts", "Claims", VERDICTS), ("curves", "Curves", SURVIVAL)):
        head = HEAD.replace("TITLE", title).replace("NAME", name)
        (tiny / "notebooks" / f"{name}.py").write_text(head + text)
    (tiny / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n"
        "- file: notebooks/verdicts\n- file: notebooks/curves\n"
    )
    return tiny


def test_another_study_publishes_with_the_same_engine(tmp_path):
    package = tmp_path / "engine" / "cartanalysis"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(tinybook.ROOT / "cartanalysis", package, ignore=ignore)
    replace_study(package)
    tiny, site = write_book(tmp_path / "book"), tmp_path / "site"
    (tmp_path / "mine.csv").write_text(patients())
    command = ["publish", str(tmp_path / "mine.csv"), "--min-cell", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "cartanalysis.cli", *command, "--book", tiny, "--out", site],
        env={**os.environ, "PYTHONPATH": str(package.parent)}, cwd=tmp_path,
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    values = {v["id"]: v for v in json.loads((site / "results.json").read_text())["values"]}
    assert set(values) == {"alive", "upheld", "by_arm_hr", "by_arm_p"}
    page = html.unescape((site / "notebooks" / "verdicts.html").read_text())
    assert "equal at the printed rounding" in page
    assert "lower survival with drug A" in page
    assert "supports" in page
    for ours in ("emd", "orr", "Treg", "415"):
        assert ours not in page.split("<main")[1].split("</main>")[0]
