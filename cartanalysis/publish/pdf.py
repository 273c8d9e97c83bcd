"""The whole book as one PDF: all pages of a finished site on one, printed by Chromium."""

from __future__ import annotations

import html
import json
import os
import posixpath
import re
import shutil
import subprocess
import tempfile
from collections.abc import Container, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from cartanalysis.errors import InputError, Problem
from cartanalysis.publish.execute import Failures
from cartanalysis.publish.verify import RUN, hashes, read_run, verify

NAME = "book.pdf"
PLACE = "<!-- cart-pdf -->"
"""Comment on the landing page (``book/templates/furniture.html``) that the link follows."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 180

ARTICLE = re.compile(r'<article class="bd-article">(.*?)</article>', re.DOTALL)
BANNER = re.compile(r'<aside class="bd-header-announcement".*?</aside>', re.DOTALL)
TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
STYLES = re.compile(r'<link rel="stylesheet"[^>]*href="([^"?]+)')
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
FOLDED = re.compile(
    r"<details\b(?=[^>]*>\s*<summary\b[^>]*>\s*<(?:p|span)\b[^>]*>(?:Hint|Solution)<)"
    r"|<details(?=><summary>Answer<)"
)
"""What a reader of the page may unfold and a reader of paper may not."""

ATTRIBUTE = re.compile(r'\s(id|href|src)="([^"]*)"')


def write_pdf(site: Path, pages: Sequence[str]) -> Path:
    """Print a finished site and link the PDF from its landing page."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        remedy = "Install it (on Debian: apt install chromium) and run this again"
        raise InputError(NAME, [Problem("no Chromium was found, which prints the PDF", remedy)])
    run = read_run(site)
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
    record = run | {"files": hashes(site)}
    text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    (site / RUN).write_text(text, encoding="utf-8")
    return site / NAME


def combine(site: Path, pages: Sequence[str]) -> str:
    """Put all pages on one, links between them made links within it."""
    texts = {page: (site / f"{page}.html").read_text(encoding="utf-8") for page in pages}
    first = texts[pages[0]]
    styles = dict.fromkeys(
        posixpath.normpath(posixpath.join(posixpath.dirname(page), address))
        for page, text in texts.items()
        for address in STYLES.findall(text)
    )
    banner, title = BANNER.search(first), TITLE.search(first)
    parts = []
    for page, text in texts.items():
        article = ARTICLE.search(text)
        if article is None:
            raise Failures([f"{page}.html: the page has no text to print"])
        body = FOLDED.sub("<details open", SCRIPT.sub("", article[1]))
        body = ATTRIBUTE.sub(partial(_within, page=page, pages=texts), body)
        parts.append(f'<article class="cart-sheet" id="{_anchor(page)}">{body}</article>')
    links = "".join(f'<link rel="stylesheet" href="{html.escape(s)}">' for s in styles)
    return (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{title[1] if title else ''}</title>{links}</head>"
        f'<body class="cart-book">{banner[0] if banner else ""}{"".join(parts)}</body></html>\n'
    )


def _anchor(page: str, place: str = "") -> str:
    return f"{page}--{place}"


def _within(found: re.Match[str], page: str, pages: Container[str]) -> str:
    """Turn an address of a page into one of the combined page."""
    name, value = found[1], html.unescape(found[2])
    if name == "id":
        value = _anchor(page, value)
    else:
        parts = urlsplit(value)
        if not parts.scheme and not value.startswith("//"):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(page), parts.path))
            target = path.removesuffix(".html") if parts.path else page
            if target in pages:
                value = f"#{_anchor(target, parts.fragment)}"
            elif name == "src":
                value = path
            else:
                return ""  # a file of the site, which the PDF does not hold
    return f' {name}="{html.escape(value)}"'


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
