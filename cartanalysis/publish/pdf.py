"""The whole book as one PDF: all pages of a finished site on one, printed by Chromium."""

from __future__ import annotations

import os
import posixpath
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

from cartanalysis.errors import InputError, Problem
from cartanalysis.publish.execute import Failures
from cartanalysis.publish.verify import read_run, verify, write_record

NAME = "book.pdf"
PLACE = "<!-- cart-pdf -->"
"""Comment on the landing page (``book/templates/furniture.html``) that the link follows."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 180

EMPTY_SHEET = (
    '<!DOCTYPE html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8"></head>'
    '<body class="cart-book"></body></html>\n'
)

UNFOLDED = ("Hint", "Solution", "Answer")
"""What a reader of the page may unfold and a reader of paper may not."""


def write_pdf(site: Path, pages: Sequence[str]) -> Path:
    """Print a finished site and link the PDF from its landing page."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        remedy = "Install it (on Debian: apt install chromium) and run this again"
        raise InputError(NAME, [Problem("no Chromium was found, which prints the PDF", remedy)])
    run = read_run(site)
    pages = run.get("pages", pages)  # a book about a user's cohort leaves some out
    missing = [page for page in pages if not (site / f"{page}.html").is_file()]
    if not run or missing:
        what = "this is not a whole site of this book"
        raise InputError(str(site), [Problem(what, "Publish it first, then make its PDF")])
    verify(site)  # else the new record would vouch for what somebody changed
    with tempfile.TemporaryDirectory() as workdir:
        # beside the site's files, so that pictures and styles are found, but not among them
        copy = Path(workdir) / "site"
        shutil.copytree(site, copy)
        sheet = copy / "print.html"
        sheet.write_text(combine(site, pages), encoding="utf-8")
        _print(browser, sheet, site / NAME, Path(workdir))
    front = site / f"{pages[0]}.html"
    up = "../" * pages[0].count("/")
    link = f'<p class="cart-pdf"><a href="{up}{NAME}">The whole book as a PDF</a></p>'
    text = front.read_text(encoding="utf-8")
    if link not in text:
        front.write_text(text.replace(PLACE, PLACE + link), encoding="utf-8")
    write_record(site, run)
    return site / NAME


def combine(site: Path, pages: Sequence[str]) -> str:
    """Put all pages on one, links between them made links within it."""
    read = {
        page: BeautifulSoup((site / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
        for page in pages
    }
    sheet = BeautifulSoup(EMPTY_SHEET, "html.parser")
    head, body = sheet.select("head, body")
    first = read[pages[0]]
    head.extend(first.select("title"))
    body.extend(first.select("aside.bd-header-announcement"))
    styles: dict[str, None] = {}
    for page, soup in read.items():
        folder = posixpath.dirname(page)
        for link in soup.select('link[rel="stylesheet"]'):
            address = urlsplit(str(link["href"])).path
            styles[posixpath.normpath(posixpath.join(folder, address))] = None
        article = soup.select_one("article.bd-article")
        if article is None:
            raise Failures([f"{page}.html: the page has no text to print"])
        _fit(article, page, pages)
        body.append(article)
    head.extend(sheet.new_tag("link", rel="stylesheet", href=address) for address in styles)
    return str(sheet)


def _fit(article: Tag, page: str, pages: Sequence[str]) -> None:
    """Make a page's text a part of the combined page."""
    for script in article("script"):
        script.decompose()
    for details in article("details"):
        if details.summary and next(details.summary.stripped_strings, "") in UNFOLDED:
            details["open"] = ""
    for tag in article.find_all(id=True):
        tag["id"] = _anchor(page, str(tag["id"]))
    for tag in article.select("[href], [src]"):
        name = "href" if tag.has_attr("href") else "src"
        parts = urlsplit(str(tag[name]))
        if parts.scheme or parts.netloc:
            continue
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), parts.path))
        target = path.removesuffix(".html") if parts.path else page
        if target in pages:
            tag[name] = f"#{_anchor(target, parts.fragment)}"
        elif name == "src":
            tag[name] = path
        else:
            del tag[name]  # a file of the site, which the PDF does not hold
    article["class"], article["id"] = "cart-sheet", _anchor(page)


def _anchor(page: str, place: str = "") -> str:
    return f"{page}--{place}"


def _print(browser: str, sheet: Path, target: Path, workdir: Path) -> None:
    made = workdir / NAME
    command = [browser, "--headless", "--disable-gpu", "--no-pdf-header-footer"]
    command += [f"--user-data-dir={workdir / 'profile'}", f"--print-to-pdf={made}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--no-sandbox")  # as root, Chromium does not start with it
    try:
        done = subprocess.run(
            [*command, sheet.as_uri()], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failures([f"{NAME}: Chromium did not print within {SECONDS} s"]) from None
    if done.returncode != 0 or not made.is_file():
        raise Failures([f"{NAME}: Chromium did not print", *done.stderr.strip().splitlines()[-5:]])
    shutil.copy(made, target)
