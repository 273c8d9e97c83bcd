"""What a finished site must be: no holes, nothing from outside, every page with its banner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

LOADING = {
    ("script", "src"),
    ("img", "src"),
    ("source", "src"),
    ("iframe", "src"),
    ("object", "data"),
    ("video", "src"),
    ("audio", "src"),
    ("embed", "src"),
    ("input", "src"),
    ("track", "src"),
    ("video", "poster"),
    ("image", "href"),
    ("image", "xlink:href"),
    ("use", "href"),
}
"""Elements that make a browser fetch something by themselves; <link> is treated apart."""

NOT_FETCHED_LINKS = {"canonical", "author", "license", "next", "prev", "search", "index", "help"}
"""Relations of <link> that only point; every other one may be fetched."""

CSS_ADDRESS = re.compile(
    r"""(?:url\(|@import)\s*["']?\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE
)
EMPTY = re.compile(r"^\s*$|\b(nan|inf|none)\b", re.IGNORECASE)
FIGURE_FILES = {".csv": "data", ".svg": "picture as SVG", ".png": "picture as PNG"}
"""What every chapter's figure offers to download."""

PICTURE_ENDINGS = (".png", ".svg", ".jpg", ".jpeg", ".gif", ".webp")


@dataclass
class Figure:
    """What a chapter's figure must carry.

    Attributes
    ----------
    name : str
        Its id on the page.
    of_chapter : bool
        Whether a chapter drew it.
    provenance : bool
        Whether it says where it comes from.
    files : set of str
        Endings of the files that it offers to download.
    """

    name: str
    of_chapter: bool = False
    provenance: bool = False
    files: set[str] = field(default_factory=set)


@dataclass
class Page:
    """What matters of a built page.

    Attributes
    ----------
    path : pathlib.Path
        Its file.
    """

    path: Path
    banner: bool = False
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    images: list[tuple[str, str | None]] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self._hole = self._number = self._style = False
        self._figure: Figure | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = dict(attrs)
        classes = (got.get("class") or "").split()
        self.page.banner |= "cart-banner" in classes
        self._hole = "cart-hole" in classes
        self._number = "cart-number" in classes
        if got.get("id"):
            self.page.ids.add(str(got["id"]))
        if tag == "a" and got.get("name"):
            self.page.ids.add(str(got["name"]))
        if tag == "a" and got.get("href"):
            self.page.links.append(str(got["href"]))
        if tag == "figure":
            self._figure = Figure(str(got.get("id") or ""))
            self.page.figures.append(self._figure)
        if self._figure:
            self._figure.of_chapter |= "cart-figure" in classes
            self._figure.provenance |= "cart-provenance" in classes
            if tag == "a" and "download" in got:
                self._figure.files.add(PurePosixPath(got.get("href") or "").suffix)
        if tag == "img":
            self.page.images.append((str(got.get("src") or ""), got.get("alt")))
        if tag == "link" and not set((got.get("rel") or "").lower().split()) <= NOT_FETCHED_LINKS:
            self.page.loads.append(str(got.get("href") or ""))
        for candidate in (got.get("srcset") or "").split(","):
            if candidate.strip():
                self.page.loads.append(candidate.split()[0])
        self.page.loads += CSS_ADDRESS.findall(got.get("style") or "")
        self._style = tag == "style"
        for element, attribute in LOADING:
            if tag == element and got.get(attribute):
                self.page.loads.append(str(got[attribute]))

    def handle_data(self, data: str) -> None:
        if self._hole:
            self.page.holes.append(f"the number “{data.strip()}” is missing")
        elif self._number and EMPTY.search(data):
            self.page.holes.append(f"a number is empty (“{data.strip()}”)")
        if self._style:
            self.page.loads += CSS_ADDRESS.findall(data)
        self._hole = self._number = False

    def handle_endtag(self, tag: str) -> None:
        if tag == "figure":
            self._figure = None
        if self._number and tag == "span":
            self.page.holes.append("a number is empty")
        self._hole = self._number = self._style = False


def read_page(path: Path) -> Page:
    """Read a built page."""
    page = Page(path)
    reader = _Reader(page)
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return page


def check(site: Path, pages: Sequence[str]) -> list[str]:
    """Check a built site."""
    read = {
        p: read_page(p)
        for p in sorted(site.rglob("*.html"))
        if "_static" not in p.relative_to(site).parts
    }
    problems = [
        f"{page}: the page is missing" for page in pages if site / f"{page}.html" not in read
    ]
    for path, page in read.items():
        name = path.relative_to(site).as_posix()
        problems += [f"{name}: {p}" for p in _problems(page, site, read)]
    for sheet in sorted(site.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8", errors="replace")
        for address in CSS_ADDRESS.findall(text):
            problems.append(
                f"{sheet.relative_to(site).as_posix()}: fetches {address} from outside the site"
            )
    return problems


def _problems(page: Page, site: Path, read: dict[Path, Page]) -> Iterator[str]:
    if not page.banner:
        yield "the evidence banner is missing"
    yield from page.holes
    for source, alt in page.images:
        if not (alt or "").strip():
            yield f"the image {source} has no alternative text"
        elif str(alt).lower().endswith(PICTURE_ENDINGS):
            yield f"the image {source} has a file name for alternative text"
    for figure in page.figures:
        if figure.of_chapter and not figure.provenance:
            yield f"the figure {figure.name} does not say where it comes from"
        for ending, what in FIGURE_FILES.items():
            if figure.of_chapter and ending not in figure.files:
                yield f"the figure {figure.name} does not offer its {what}"
    for address in page.loads:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") or address.startswith("//"):
            yield f"loads {address} from outside the site"
        elif parts.scheme != "data" and not _target(page.path, parts.path, site).is_file():
            yield f"loads {address}, which is not there"
    for address in page.links:
        parts = urlsplit(address)
        if parts.scheme == "file":
            yield f"the link {address} leads to a file of this machine"
        if parts.scheme or address.startswith("//"):
            continue
        target = _target(page.path, parts.path, site) if parts.path else page.path
        if not target.is_file():
            yield f"the link {address} leads nowhere"
        elif parts.fragment and target in read:
            fragment = unquote(parts.fragment)
            if fragment not in read[target].ids:
                yield f"the link {address} leads to a place that is not there"


def _target(page: Path, path: str, site: Path) -> Path:
    text = unquote(path)
    target = site / text.lstrip("/") if text.startswith("/") else page.parent / text
    target = target.resolve()
    return target / "index.html" if target.is_dir() else target
