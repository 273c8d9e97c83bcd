"""Attack: a chapter that shows patients' rows in every way a cell can.

Each way shows one patient's identifier, which is nowhere but in the cohort file; then every byte
of the site, of its downloads and of the cache is searched for all of them.
"""

from __future__ import annotations

import contextlib
import io
import zlib
from pathlib import Path

import tinybook

HEAD = '''# %% [markdown]
# # Is one one?

# %% tags=["parameters"]
cohort: str = "an2020"
min_cell: int = 1

# %%
import logging, os, re, sys, warnings
from pathlib import Path
import pandas as pd
from IPython import get_ipython
from IPython.display import HTML, Javascript, Markdown, display, publish_display_data
from cartanalysis.stats import response
from cartanalysis import Figure, Result, Study
from cartanalysis.errors import CannotCompute
from cartanalysis.figures import plot_rates
from cartanalysis.chapter.handover import METADATA, NUMBER_MIME, PARTS
from cartanalysis.chapter.results import Table

study = Study("one", cohort, min_cell=min_cell)
patients = study.patients
rate = study.compute(response.remission, patients)

def steal(place):
    """Take a patient's identifier from wherever the rows may be."""
    def first(table):
        return str(table["patient_id"].iloc[place])
    def file(folder):
        texts = [p.read_text() for p in Path(folder).rglob("*.csv")]
        return next(r for t in texts for r in re.findall("zq...mark", t) if int(r[2:5]) == place)
    for way in (
        lambda: first(patients), lambda: first(patients.table), lambda: first(patients._rows),
        lambda: first(study.cohort.table), lambda: first(pd.read_csv(cohort)),
        lambda: first(study._vault._kept[0][0]), lambda: first(pd.DataFrame(list(patients))),
        lambda: first(study.compute(lambda t: t, patients).value),
        lambda: first(Study("three", cohort, min_cell=1).patients),
        lambda: file("."), lambda: file(".."),
    ):
        try:
            return way()
        except Exception:
            pass
    return "nothing"

def result(thing):
    return thing if isinstance(thing, Result) else Result(thing)

def table(thing, columns, caption, words=None):
    study.show(Table(result(thing), columns, caption, words or {}))

def figure(plot, thing, name, caption, alt, **options):
    study.show(Figure(plot, [result(thing)], name, caption, alt, options))

def number(key, thing, unit):
    study.hand_over(**{key: result(thing).read("estimate", unit)})

number("orr", rate, "fraction")
figure(plot_rates, rate, name="rate", caption="Remission.", alt="A bar of remission.")
'''

RECORD = '{"id": ID, "chapter": "one", "value": 1, "lower": None, "upper": None, "unit": "count", '
RECORD += '"method": X, "evidence": "your data", "text": X}'
ONE = "pd.DataFrame({'patient_id': [X]})"

WAYS: dict[str, str] = {
    "prints": "print(X)",
    "writes to stderr": "print(X, file=sys.stderr)",
    "logs": "logging.getLogger('x').warning(X)",
    "warns": "warnings.warn(X)",
    "writes to the file descriptor": "os.write(1, X.encode()); os.write(2, X.encode())",
    "lets a shell print": "get_ipython().system('echo ' + X)",
    "displays HTML": "display(HTML(X))",
    "displays Markdown": "display(Markdown(X))",
    "displays a script": "display(Javascript('// ' + X))",
    "displays a frame": f"display({ONE})",
    "hides it in own metadata": "publish_display_data({'text/plain': 'a'}, metadata={'own': X})",
    "hides it in metadata of a type": (
        "publish_display_data({'text/html': 'a'}, metadata={'text/html': {'own': X}})"
    ),
    "hides it under the package's key": (
        "publish_display_data({'text/html': X}, metadata={METADATA: {'caption': X, 'other': X}})"
    ),
    "marks an output as the package's": (
        "publish_display_data({'text/html': X}, metadata={METADATA: {'passed': True}})"
    ),
    "forges a number": (
        "publish_display_data({NUMBER_MIME: RECORD}, metadata={METADATA: {'number': RECORD, "
        "'parts': dict.fromkeys(PARTS, X) | {'level': '0.95'}}})"
    ),
    "forges a figure": (
        "import base64\n"
        "from cartanalysis.figures import geometry\n"
        'head = \'<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt" \'\n'
        "svg = head + 'viewBox=\"0 0 9 9\"><desc>' + X + '</desc></svg>'\n"
        "publish_display_data({'image/svg+xml': svg, 'image/png': base64.b64encode(b'a').decode(), "
        "'text/plain': X}, metadata={METADATA: {'figure': {'name': 'forged', 'caption': X, "
        "'alt': X, 'evidence': 'your data', 'evidence_sentence': X, 'csv': X, 'drawn_by': X, "
        "'computed_by': X, 'geometry': {}, 'shown': {}}}})"
    ),
    "updates a display": (
        "handle = display(HTML('a'), display_id='d' + X)\nhandle.update(HTML(X))"
    ),
    "names a display": "display(HTML('a'), display_id=X)",
    "returns a frame": "#last",
    "computes with its own function": (
        "own = study.compute(lambda t: t[t['patient_id'] == X].assign(n=50), patients)\n"
        "table(own, {'patient_id': 'who', 'n': 'n'}, caption='a')"
    ),
    "computes a text with its own function": (
        "study.say(str(study.compute(lambda t: str(X), patients)))"
    ),
    "fails with a reason of its own": (
        "def own(t):\n    raise CannotCompute(X)\n"
        "table(study.compute(own, patients), {'n': 'n'}, caption='a')"
    ),
    "gives a reason of its own": "table(Result(why=X), {'n': 'n'}, caption='a')",
    "gives a number's reason": "number(ID, Result(why=X), 'count')",
    "shows rows with study.table": f"table({ONE}, {{'patient_id': 'who'}}, caption='a')",
    "shows rows in a caption": "table(rate, {'n': 'n'}, caption=X)",
    "shows rows in a heading": "table(rate, {'n': X}, caption='a')",
    "shows rows in words": ("table(rate, {'group': 'a'}, caption='a', words={'all patients': X})"),
    "changes a result": (
        "table(rate.table.assign(group=X), {'group': 'a', 'n': 'n'}, caption='a')"
    ),
    "changes a result in place": (
        "mine = study.compute(response.remission, patients)\nmine.value['group'] = X\n"
        "table(mine, {'group': 'a', 'n': 'n'}, caption='a')"
    ),
    "hides it among the hidden groups": (
        "mine = Result(rate.table, hidden=(X,), computed_by=X)\n"
        "table(mine, {'n': 'n'}, caption='a')"
    ),
    "says": "study.say(f'{X} is here.')",
    "titles": "study.title(X)",
    "hands over a number of its own": (
        "number(ID, pd.DataFrame([{'estimate': 1, 'method': X}]), 'count')"
    ),
    "names a number": "number('n-' + X, rate, 'fraction')",
    "draws rows": (
        "def plot(table, **options):\n"
        "    from matplotlib import pyplot as plt\n"
        "    ax = plt.figure().add_subplot()\n"
        "    ax.text(0, 0, X).set_gid(X)\n    return ax\n"
        "figure(plot, rate, name='own', caption='a.', alt='a')"
    ),
    "draws rows as data": (
        "figure(plot_rates, rate.table.assign(group=X), name='own2', caption='a.', alt='a')"
    ),
    "gives rows as a figure's data": (
        "def plot2(table, **options):\n"
        "    from matplotlib import pyplot as plt\n    return plt.figure().add_subplot()\n"
        f"figure(plot2, {ONE}, name='own3', caption='a.', alt='a')"
    ),
    "captions a figure": ("figure(plot_rates, rate, name='own4', caption=X, alt='a')"),
    "describes a figure": ("figure(plot_rates, rate, name='own5', caption='a.', alt=X)"),
    "labels a figure": (
        "figure(plot_rates, rate, name='own6', caption='a.', alt='a', labels={'all patients': X})"
    ),
    "names a figure": "figure(plot_rates, rate, name=X, caption='a.', alt='a')",
    "names a group of many": (
        "named = study.compute(response.remission, patients.assign(own=X), 'own')\n"
        "table(named, {'group': 'a', 'n': 'n'}, caption='a')"
    ),
    "reads the file again": (
        "line = [r for r in Path(cohort).read_text().splitlines() if X in r][0]\nprint(line)"
    ),
    "opens the cohort unprotected": (
        "two = Study('one', cohort, min_cell=1)\n"
        "own = two.compute(lambda t: t[t['patient_id'] == X], two.patients)\n"
        "two.show(Table(own, {'patient_id': 'who'}, 'a'))"
    ),
    "switches protection off": (
        "study.min_cell = 1\n"
        f"table({ONE}, {{'patient_id': 'who'}}, caption='a')\nstudy.min_cell = min_cell"
    ),
    "registers a rule of its own": (
        "def lax(t):\n    return t[t['patient_id'] == X]\n"
        "from cartanalysis.chapter.disclosure import rules\n"
        "rules.RULES[lax] = lambda result, *a: result\n"
        "table(study.compute(lax, patients), {'patient_id': 'who'}, caption='a')"
    ),
    "claims to be of the package": (
        "def fake(t):\n    return t[t['patient_id'] == X]\n"
        "fake.__module__, fake.__qualname__ = 'cartanalysis.stats.response', 'remission'\n"
        "table(study.compute(fake, patients), {'patient_id': 'who'}, caption='a')"
    ),
}
"""Cells; ``X`` stands for the patient's identifier, read from the rows."""

ALONE = {
    "displays JSON": "publish_display_data({'application/json': {'a': X}})",
    "shows a widget": (
        "publish_display_data({'application/vnd.jupyter.widget-view+json': "
        "{'version_major': 2, 'version_minor': 0, 'model_id': X}})"
    ),
    "draws with matplotlib": (
        "from matplotlib import pyplot as plt\nplt.text(0, 0, X).set_gid(X)\nplt.show()"
    ),
    "displays a picture": (
        "publish_display_data({'image/svg+xml': '<svg xmlns=\"http://www.w3.org/2000/svg\">"
        "<desc>' + X + '</desc></svg>'})"
    ),
    "raises": "raise RuntimeError(X)",
}
"""Cells that may stop the whole run, which shows nothing either."""


FORGED = (
    "hides it under the package's key", "marks an output as the package's", "forges a number",
    "forges a figure",
)  # fmt: skip
RAW = tuple(w for w in tuple(WAYS)[: list(WAYS).index("computes with its own function")]
            if w not in FORGED)  # fmt: skip
"""Exits that pass by the functions of ``study``: whatever is in them is left out."""


def identifier(place: int) -> str:
    """Give the identifier of the patient whom a way shows."""
    return f"zq{place:03d}mark"


def chapter(ways: dict[str, str], rows: bool = True) -> str:
    """Write the chapter; without rows it makes the identifiers up, to try its exits."""
    cells = [HEAD]
    for place, (name, way) in enumerate(ways.items()):
        record = RECORD.replace("ID", f"'id-{place}'")
        code = way.replace("RECORD", record).replace("ID", f"'id-{place}'")
        get = f"X = steal({place})" if rows else f"X = 'zq' + '{place:03d}' + 'mark'"
        if code == "#last":
            cells.append(f"\n# %%\n{get}\n{ONE if not rows else 'patients'}\n")
        elif name == "raises":
            cells.append(f"\n# %%\n{get}\n{code}\n")
        else:
            body = "\n".join(f"    {line}" for line in code.splitlines())
            cells.append(f"\n# %%\n{get}\ntry:\n{body}\nexcept Exception:\n    pass\n")
    return "".join(cells)


def cohort(n: int) -> str:
    """Write a cohort with one marked patient for each way, and not fewer than 20."""
    rows = [f"{identifier(i)},{'CR' if i % 2 else 'NR'}" for i in range(max(n, 20))]
    return "\n".join(["patient_id,response", *rows, ""])


def search(*folders: Path) -> dict[int, set[str]]:
    """Find the identifiers in every byte of some folders: place of the patient, names of files."""
    found: dict[int, set[str]] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                if path.name == "objects.inv":  # four lines of text, then compressed
                    data += zlib.decompress(data.split(b"\n", 4)[4])
                data = data.lower() + str(path.relative_to(folder)).lower().encode()
                if b"mark" in data:
                    for place in range(100):
                        if identifier(place).encode() in data:
                            found.setdefault(place, set()).add(str(path.relative_to(folder)))
    return found


def attack(
    folder: Path, ways: dict[str, str], rows: bool = True
) -> tuple[dict[str, set[str]], str]:
    """Publish a hostile chapter: the ways that got through and where, and what the run said."""
    root = tinybook.make(folder / "tiny")
    (root / "notebooks" / "one.py").write_text(chapter(ways, rows), encoding="utf-8")
    (folder / "private").mkdir()
    file = folder / "private" / "clinic.csv"
    file.write_text(cohort(len(ways)), encoding="utf-8")
    site = folder / "public" / "site"
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = tinybook.main(["publish", str(file), "--book", str(root), "--out", str(site)])
    found = search(*(p for p in (site, root / "_build") if p.exists()))
    names = list(ways)
    return {names[i]: where for i, where in found.items()}, f"exit {code}\n{said.getvalue()}"


def main() -> None:
    """Print which ways get through."""
    import tempfile

    for ways in (WAYS, *({k: v} for k, v in ALONE.items())):
        with tempfile.TemporaryDirectory() as folder:
            found, said = attack(Path(folder), ways)
        print(f"{len(found)} of {len(ways)} ways got through")
        for name in ways:
            print(f"  {name:38} {', '.join(sorted(found.get(name, []))[:6]) or '-'}")
        if "exit 0" not in said:
            print(said[-800:])


if __name__ == "__main__":
    main()
