"""What a finished site must be: no holes, nothing from outside, every page with its banner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

LOADING = {
    "script": ["src"],
    "img": ["src"],
    "source": ["src"],
    "iframe": ["src"],
    "object": ["data"],
    "video": ["src", "poster"],
    "audio": ["src"],
    "embed": ["src"],
    "input": ["src"],
    "track": ["src"],
    "image": ["href", "xlink:href"],
    "use": ["href"],
}
"""Attributes by which an element makes a browser fetch something; <link> is treated apart."""

NOT_FETCHED_LINKS = {"canonical", "author", "license", "next", "prev", "search", "index", "help"}
"""Relations of <link> that only point; every other one may be fetched."""

CSS_ADDRESS = re.compile(
    r"""(?:url\(|@import)\s*["']?\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE
)
EMPTY = re.compile(r"^\s*$|\b(nan|inf|none)\b", re.IGNORECASE)
FIGURE_FILES = {".csv": "data", ".svg": "picture as SVG", ".png": "picture as PNG"}
"""What every chapter's figure offers to download."""

PICTURE_ENDINGS = (".png", ".svg", ".jpg", ".jpeg", ".gif", ".webp")


def check(site: Path, pages: Sequence[str]) -> list[str]:
    """Find what is wrong with a built site."""
    read = {
        path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.relative_to(site).parts
    }
    ids = {path: _ids(page) for path, page in read.items()}
    problems = [
        f"{page}: the page is missing" for page in pages if site / f"{page}.html" not in read
    ]
    for path, page in read.items():
        name = path.relative_to(site).as_posix()
        found = [*_holes(page), *_addresses(page, path, site, ids)]
        problems += [f"{name}: {problem}" for problem in found]
    for sheet in sorted(site.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8", errors="replace")
        name = sheet.relative_to(site).as_posix()
        problems += [
            f"{name}: fetches {address} from outside the site"
            for address in CSS_ADDRESS.findall(text)
        ]
    return problems


def _value(tag: Tag, attribute: str) -> str:
    value = tag.get(attribute) or ""
    return value if isinstance(value, str) else " ".join(value)


def _ids(page: BeautifulSoup) -> set[str]:
    named = {_value(anchor, "name") for anchor in page.find_all("a")}
    return named | {_value(tag, "id") for tag in page.find_all(id=True)}


def _holes(page: BeautifulSoup) -> Iterator[str]:
    if not page.select(".cart-banner"):
        yield "the evidence banner is missing"
    for hole in page.select(".cart-hole"):
        yield f"the number “{hole.get_text().strip()}” is missing"
    for number in page.select(".cart-number"):
        if EMPTY.search(number.get_text()):
            yield f"a number is empty (“{number.get_text().strip()}”)"
    for image in page.find_all("img"):
        source, alt = _value(image, "src"), _value(image, "alt")
        if not alt.strip():
            yield f"the image {source} has no alternative text"
        elif alt.lower().endswith(PICTURE_ENDINGS):
            yield f"the image {source} has a file name for alternative text"
    for figure in page.select("figure:has(.cart-figure)"):
        name = _value(figure, "id")
        if not figure.select(".cart-provenance"):
            yield f"the figure {name} does not say where it comes from"
        offered = {PurePosixPath(_value(a, "href")).suffix for a in figure.select("a[download]")}
        for ending, what in FIGURE_FILES.items():
            if ending not in offered:
                yield f"the figure {name} does not offer its {what}"


def _loads(page: BeautifulSoup) -> Iterator[str]:
    """Give the address of everything that a browser fetches by itself."""
    for tag in page.find_all(True):
        yield from filter(None, (_value(tag, name) for name in LOADING.get(tag.name, ())))
        candidates = _value(tag, "srcset").split(",")
        yield from (candidate.split()[0] for candidate in candidates if candidate.strip())
        yield from CSS_ADDRESS.findall(_value(tag, "style"))
        if tag.name == "style":
            yield from CSS_ADDRESS.findall(tag.get_text())
        if tag.name == "link" and not set(_value(tag, "rel").lower().split()) <= NOT_FETCHED_LINKS:
            yield _value(tag, "href")


def _addresses(
    page: BeautifulSoup, path: Path, site: Path, ids: dict[Path, set[str]]
) -> Iterator[str]:
    for address in _loads(page):
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") or address.startswith("//"):
            yield f"loads {address} from outside the site"
        elif parts.scheme != "data" and not _target(path, parts.path, site).is_file():
            yield f"loads {address}, which is not there"
    for link in page.select("a[href]"):
        address = _value(link, "href")
        parts = urlsplit(address)
        if parts.scheme == "file":
            yield f"the link {address} leads to a file of this machine"
        if parts.scheme or address.startswith("//"):
            continue
        target = _target(path, parts.path, site) if parts.path else path
        if not target.is_file():
            yield f"the link {address} leads nowhere"
        elif parts.fragment and target in ids and unquote(parts.fragment) not in ids[target]:
            yield f"the link {address} leads to a place that is not there"


def _target(page: Path, path: str, site: Path) -> Path:
    text = unquote(path)
    target = site / text.lstrip("/") if text.startswith("/") else page.parent / text
    target = target.resolve()
    return target / "index.html" if target.is_dir() else target
