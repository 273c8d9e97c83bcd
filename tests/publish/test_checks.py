"""The check of a finished site finds every kind of hole."""

from __future__ import annotations

import pytest

from cartanalysis.publish.checks import check

GOOD = (
    '<html><head><link rel="stylesheet" href="_static/a.css"></head><body>'
    '<div class="cart-banner">b</div><h1 id="top">T</h1>'
    '<a href="other.html#there">x</a><a href="#top">y</a><a href="https://doi.org/1">z</a>'
    '<img src="p.svg" alt="A curve."><span class="cart-number">53 %</span></body></html>'
)
OTHER = '<html><body><div class="cart-banner">b</div><p id="there">p</p></body></html>'


@pytest.fixture
def site(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "a.css").write_text("body{}")
    (tmp_path / "p.svg").write_text("<svg/>")
    (tmp_path / "page.html").write_text(GOOD)
    (tmp_path / "other.html").write_text(OTHER)
    return tmp_path


def test_a_good_site_passes(site):
    assert check(site, ["page", "other"]) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("cart-banner", "banner", "banner is missing"),
        ('alt="A curve."', "", "no alternative text"),
        ('alt="A curve."', 'alt=" "', "no alternative text"),
        ('alt="A curve."', 'alt="_images/p.svg"', "file name for alternative text"),
        ('href="_static/a.css"', 'href="https://cdn.example/a.css"', "from outside"),
        ('src="p.svg"', 'src="//cdn.example/p.svg"', "from outside"),
        ('src="p.svg"', 'src="gone.svg"', "not there"),
        ("other.html#there", "gone.html", "leads nowhere"),
        ("other.html#there", "other.html#gone", "place that is not there"),
        ("#top", "#bottom", "place that is not there"),
        ("53 %", "", "a number is empty"),
        ("53 %", "nan", "a number is empty"),
        ('class="cart-number"', 'class="cart-hole"', "is missing"),
        ("53 %", "nan %", "a number is empty"),
        ("</body>", '<style>@import "https://x.example/a.css";</style></body>', "from outside"),
        ("</body>", '<p style="background: url( //x.example/p.png)">p</p></body>', "from outside"),
        ('src="p.svg"', 'src="p.svg" srcset="https://x.example/p.svg 2x"', "from outside"),
        ("</body>", '<video poster="https://x.example/p.png"></video></body>', "from outside"),
        ("</body>", '<input type="image" src="https://x.example/p.png"></body>', "from outside"),
        ("other.html#there", "file:///etc/passwd", "file of this machine"),
        ("</body>", '<script src="http://x.example/a.js"></script></body>', "from outside"),
    ],
)
def test_holes_are_found(site, old, new, says):
    assert old in GOOD
    (site / "page.html").write_text(GOOD.replace(old, new, 1))
    found = check(site, ["page", "other"])
    assert any(says in line and line.startswith("page.html") for line in found), found


def test_missing_pages_and_foreign_fonts(site):
    (site / "_static" / "a.css").write_text('@font-face{src:url("https://fonts.example/f.woff")}')
    found = check(site, ["page", "other", "third"])
    assert any("third" in line for line in found)
    assert any("a.css" in line for line in found)
