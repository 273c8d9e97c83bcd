"""What lies over a figure stands where the picture shows it, and says what its data file says."""

from __future__ import annotations

import io
import json
import re
from xml.etree import ElementTree

import jinja2
import matplotlib
import pandas as pd
import pytest
from conftest import ROOT
from matplotlib import pyplot as plt

from cartanalysis import figures
from cartanalysis.chapter import handover
from cartanalysis.chapter.disclosure.times import month_end
from cartanalysis.chapter.handover import HandOver, csv_of
from cartanalysis.chapter.results import Figure
from cartanalysis.chapter.study import Study
from cartanalysis.claims import replication
from cartanalysis.contract import derive
from cartanalysis.figures import style
from cartanalysis.figures.geometry import geometry
from cartanalysis.figures.km import ticks
from cartanalysis.intake import read
from cartanalysis.publish import figure_data
from cartanalysis.publish.checks import check
from cartanalysis.stats import cox, response, survival
from cartanalysis.study import published

matplotlib.use("agg")
SHOWN = {"confidence": 0.95}
FACTORS = ["emd_any", "treg_group", "genetic_risk"]


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return derive(read("an2020").table)


@pytest.fixture(autouse=True)
def _close():
    style.use()
    yield
    plt.close("all")


def saved(ax) -> tuple[dict, ElementTree.Element]:
    """Save as chapters do, and give what was read off and the drawing."""
    picture, svg = style.figure_of(ax), io.StringIO()
    picture.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None})
    return geometry(picture, svg.getvalue()), ElementTree.fromstring(svg.getvalue())


def drawn_at(drawing: ElementTree.Element, gid: str) -> tuple[float, float]:
    """Give where matplotlib itself put a marker, as fractions of the picture."""
    width, height = map(float, drawing.attrib["viewBox"].split()[2:])
    group = next(g for g in drawing.iter() if g.get("id") == gid)
    use = next(e for e in group.iter() if e.tag.endswith("}use"))
    return float(use.attrib["x"]) / width, float(use.attrib["y"]) / height


def km(patients, by=None, unit="days"):
    curves = survival.kaplan_meier(patients, "os", by)
    at_risk = survival.at_risk_table(patients, "os", ticks(curves["time"].max(), unit), by)
    return figures.plot_km(curves, at_risk, unit=unit), curves


@pytest.mark.parametrize("unit", ["days", "months"])
@pytest.mark.parametrize("by", [None, "treg_group"])
def test_a_time_and_a_survival_stand_where_the_picture_has_them(patients, by, unit):
    ax, _ = km(patients, by, unit)
    time, level = {"days": 365, "months": 12}[unit], 0.53
    ax.plot(time, level, marker="o", gid="probe")
    found, drawing = saved(ax)
    (panel,) = found["panels"]
    left, top, width, height = panel["box"]
    across = left + width * (time - panel["x"][0]) / (panel["x"][1] - panel["x"][0])
    down = top + height * (panel["y"][1] - level) / (panel["y"][1] - panel["y"][0])
    assert (across, down) == pytest.approx(drawn_at(drawing, "probe"), abs=1e-5)
    assert (found["kind"], panel["x_scale"], panel["y_scale"]) == ("km", "linear", "linear")


def claims(patients):
    return replication.claims(patients, published.load(), 0.95)


def forest(patients):
    study = Study("x", "an2020")
    study.patients = patients
    models = [study.hazard_ratios(end, FACTORS) for end in ("os", "rfs")]
    return study.forest(*models, labels={f: f for f in FACTORS}).table


@pytest.mark.parametrize(
    ("plot", "table", "markers", "options"),
    [
        (figures.plot_forest, forest, "s", {}),
        (figures.plot_claims, claims, "osX", {}),
        (
            figures.plot_cutoffs,
            lambda p: cox.scan_cutoffs(p, "os", "treg_pct"),
            "os",
            {"chosen": 5},
        ),
    ],
)
def test_rows_stand_on_their_markers(patients, plot, table, markers, options):
    data = table(patients)
    data.index = data.index + 7  # a table that lost rows keeps its index; places count from 0
    ax = plot(data, **options)
    panels = ax.child_axes or [ax]
    lines = [x for a in panels for x in a.lines if x.get_marker() in tuple(markers)]
    for i, line in enumerate(lines):
        line.set_gid(f"probe-{i}")
    found, drawing = saved(ax)
    assert [place for place, *_ in found["rows"]] == list(range(len(data)))
    if plot is figures.plot_cutoffs:  # one line holds several markers
        width, height = map(float, drawing.attrib["viewBox"].split()[2:])
        uses = {
            (float(u.attrib["x"]) / width, float(u.attrib["y"]) / height)
            for i in range(len(lines))
            for g in drawing.iter()
            if g.get("id") == f"probe-{i}"
            for u in g.iter()
            if u.tag.endswith("}use")
        }
        expected = sorted(uses)
        assert len(expected) == len(data)
    else:
        expected = [drawn_at(drawing, f"probe-{i}") for i in range(len(lines))]
    if plot is figures.plot_claims:  # drawn by family, told in the order of the table
        drawn = data["family"].eq("direction").argsort(kind="stable")
        expected = [expected[i] for i in drawn.argsort()]
    for (_, *place), marker in zip(found["rows"], expected, strict=True):
        assert place == pytest.approx(marker, abs=2e-5)


def test_bars_are_placed_by_their_own_rows(patients):
    rates = response.remission(patients, "emd")
    found, _ = saved(figures.plot_rates(rates))
    left, top, width, height = found["panels"][0]["box"]
    for place, x, y in found["rows"]:
        assert x == pytest.approx(left + width * rates["estimate"].iloc[place], abs=2e-5)
        assert top < y < top + height
    assert [y for *_, y in found["rows"]] == sorted(y for *_, y in found["rows"])


def test_a_figure_without_tags_has_nothing_to_read_off():
    found, _ = saved(plt.subplots()[1])
    assert found == {}
    assert figure_data.readout(found, SHOWN, "a\n1\n") == {}
    assert figure_data.readout_html({}) == ""


# --- values ------------------------------------------------------------------------------------


def test_curves_hold_the_file_and_nothing_else(patients):
    ax, curves = km(patients, "treg_group")
    text = csv_of(curves)
    found = figure_data.readout(saved(ax)[0], SHOWN | {"labels": {"low": "low Tregs"}}, text)
    file = pd.read_csv(io.StringIO(text))
    assert [g["name"] for g in found["groups"]] == ["low Tregs", "high"]
    for name, group in zip(("low", "high"), found["groups"], strict=True):
        rows = file[file["group"] == name]
        points = pd.DataFrame(group["points"], columns=["time", "at_risk", "estimate", "text"])
        columns = ["time", "at_risk", "estimate"]
        assert points[columns].to_numpy().tolist() == rows[columns].to_numpy().tolist()
        middle = rows.iloc[len(rows) // 2]
        assert points["text"].iloc[len(rows) // 2] == (
            f"{100 * middle['estimate']:.1f} % "
            f"({100 * middle['lower']:.1f} % to {100 * middle['upper']:.1f} %)"
        )
        assert points["text"].iloc[0] == "100.0 %", "no interval where survival is 1"
    assert found["exact"]


def handed_over(monkeypatch, study: HandOver, figure: Figure) -> dict:
    shown = []
    monkeypatch.setattr(
        handover, "publish_display_data", lambda data, metadata: shown.append(metadata)
    )
    study.show(figure)
    return shown[0]["cartanalysis"]["figure"]


def test_a_users_curves_are_thinned_and_small_groups_stay_hidden(monkeypatch, patients):
    study = HandOver("x", is_reconstruction=False, min_cell=5)
    curves = study.compute(survival.kaplan_meier, patients, "os", "treg_group")
    at_risk = study.compute(
        survival.at_risk_table, patients, "os", [0.0, 180.0, 360.0], "treg_group"
    )
    figure = Figure(figures.plot_km, [curves, at_risk], "k", "C.", "A.")
    about = handed_over(monkeypatch, study, figure)
    found = figure_data.readout(about["geometry"], about["shown"], about["csv"])
    points = [p for g in found["groups"] for p in g["points"]]
    assert found["points"]
    assert points
    for time, count, estimate, text in points:
        assert time == month_end(time)
        assert count >= 5
        assert text.startswith(f"{100 * estimate:.0f} %")
    assert about["computed_by"] == "cartanalysis.stats.survival.kaplan_meier"
    assert about["drawn_by"] == "cartanalysis.figures.km.plot_km"


def test_a_forest_row_tells_its_ratio_interval_and_p(monkeypatch, patients):
    study = Study("x", "an2020")
    models = [study.hazard_ratios(end, FACTORS) for end in ("os", "rfs")]
    forest = study.forest(*models, labels={f: f for f in FACTORS})
    table = forest.table
    about = handed_over(monkeypatch, study, forest.figure("f", "C."))
    found = figure_data.readout(about["geometry"], about["shown"], about["csv"])
    assert about["computed_by"] == "cartanalysis.stats.firth.hazard_ratios"
    assert len(found["rows"]) == len(table)
    for row, (_, entry) in zip(found["rows"], table.iterrows(), strict=True):
        assert row["title"] == f"{entry['series']}: {entry['label']}"
        first = f"hazard ratio {entry['estimate']:.2f} (95 % CI {entry['lower']:.2f} to "
        assert row["lines"][0] == f"{first}{entry['upper']:.2f})"
        assert re.fullmatch(r"p [=<] 0\.\d+", row["lines"][1])
        of = f"{entry['events']} of {entry['n']}"
        assert row["lines"][2] == f"in this group {of} patients with the event"


def test_every_claim_is_told_with_its_verdict(patients):
    table = claims(patients)
    found = figure_data.readout(saved(figures.plot_claims(table))[0], SHOWN, csv_of(table))
    rows = {r["title"].lower(): r["lines"] for r in found["rows"]}
    assert len(rows) == len(table)
    for _, entry in table.iterrows():
        lines = rows[entry["short"].lower()]
        assert lines[0] == f"verdict: {entry['verdict']}"
        assert lines[-1] == f"in the paper: {entry['published']}"
        value = entry["found"] if entry["family"] == "value" else entry["estimate"]
        shown = f"{100 * value:.1f} %" if entry["family"] == "value" else f"{value:.2f}"
        assert shown in lines[1]


def test_names_that_a_spreadsheet_would_run_are_shown_as_they_are(patients):
    arms = patients.assign(arm=["=1+1", "'quoted"] * 23 + ["=1+1"])
    ax, curves = km(arms, "arm")
    text = csv_of(curves)
    assert "'=1+1" in text
    found = figure_data.readout(saved(ax)[0], SHOWN, text)
    assert {g["name"] for g in found["groups"]} == {"=1+1", "'quoted"}


# --- on the page -------------------------------------------------------------------------------

ABOUT = {
    "name": "os",
    "evidence_sentence": "Evidence: your data, as given in the cohort file.",
    "computed_by": "cartanalysis.stats.survival.kaplan_meier",
    "drawn_by": "",
    "source": {
        "chapter": "survival",
        "title": "How long?",
        "cell": 6,
        "cohort": "<b>clinic</b>",
        "data": "0123456789ab",
        "version": "1.2",
    },
}


def provenance(repository: str = "") -> str:
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(ROOT / "book" / "templates"))
    made = templates.get_template("provenance.html")
    return made.render(about=ABOUT, up="../", repository=repository)


def test_nothing_in_the_data_ends_the_element():
    values = {"groups": [{"name": "</script><script>alert(1)</script><!--"}]}
    text = figure_data.readout_html(values)
    inner = text.removeprefix('<script type="application/json" class="cart-readout-data">')
    inner = inner.removesuffix("</script>")
    assert "<" not in inner
    assert json.loads(inner) == values


def test_provenance_names_everything_and_links_the_source_only_where_configured():
    plain = provenance()
    for part in (
        "&lt;b&gt;clinic&lt;/b&gt;",
        "0123456789ab",
        "cartanalysis.stats.survival.kaplan_meier",
        "cartanalysis 1.2",
        "code cell 6",
        "your data, as given",
        'href="../notebooks/survival.html#fig-os"',
        'href="../data/os.csv" download="os.csv"',
        'href="../figures/os.svg" download="os.svg"',
        'href="../figures/os.png" download="os.png"',
        'href="../_sources/notebooks/survival.ipynb" download="survival.ipynb"',
    ):
        assert part in plain, part
    assert "<dt>Source" not in plain
    assert "Drawn by" not in plain
    linked = provenance("https://example.org/x/blob/main")
    assert 'href="https://example.org/x/blob/main/notebooks/survival.py"' in linked


@pytest.mark.parametrize(
    ("old", "says"),
    [
        ("cart-provenance", "the figure fig-os does not say where it comes from"),
        (' download="os.csv"', "the figure fig-os does not offer its data"),
        (' download="os.svg"', "the figure fig-os does not offer its picture as SVG"),
        (' download="os.png"', "the figure fig-os does not offer its picture as PNG"),
        ("", ""),
    ],
)
def test_a_figure_without_provenance_or_files_is_an_error(tmp_path, old, says):
    for name in ("data/os.csv", "figures/os.svg", "figures/os.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    notebook = tmp_path / "_sources" / "notebooks" / "survival.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.touch()
    page = (
        '<div class="cart-banner">b</div><figure id="fig-os">'
        '<img class="cart-figure" src="../figures/os.svg" alt="A curve.">'
        f"{provenance()}</figure>"
    )
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "survival.html").write_text(page.replace(old, "", 1))
    found = check(tmp_path, ["notebooks/survival"])
    assert found == ([f"notebooks/survival.html: {says}"] if says else [])
