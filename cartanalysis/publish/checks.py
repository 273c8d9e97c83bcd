"""What a finished site must be: no holes, nothing from outside, every page with its banner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
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
}
"""Elements that make a browser fetch something by themselves; <link> is treated apart."""

FETCHED_LINKS = {"stylesheet", "preload", "modulepreload", "icon", "shortcut", "manifest"}
PICTURE_ENDINGS = (".png", ".svg", ".jpg", ".jpeg", ".gif", ".webp")


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
    title: bool = False
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    images: list[tuple[str, str | None]] = field(default_factory=list)
    holes: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self._hole = self._number = False

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
        if tag == "img":
            self.page.images.append((str(got.get("src") or ""), got.get("alt")))
        if tag == "link" and set((got.get("rel") or "").split()) & FETCHED_LINKS:
            self.page.loads.append(str(got.get("href") or ""))
        for element, attribute in LOADING:
            if tag == element and got.get(attribute):
                self.page.loads.append(str(got[attribute]))

    def handle_data(self, data: str) -> None:
        if self._hole:
            self.page.holes.append(f"the number “{data.strip()}” is missing")
        elif self._number and data.strip() in ("", "nan", "inf", "None"):
            self.page.holes.append(f"a number is empty (“{data.strip()}”)")
        self._hole = self._number = False

    def handle_endtag(self, tag: str) -> None:
        if self._number and tag == "span":
            self.page.holes.append("a number is empty")
        self._hole = self._number = False


def read_page(path: Path) -> Page:
    """Read a built page.

    Parameters
    ----------
    path : pathlib.Path
        An HTML file.

    Returns
    -------
    Page
        What matters of it.
    """
    page = Page(path)
    reader = _Reader(page)
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return page


def check(site: Path, pages: Sequence[str]) -> list[str]:
    """Check a built site.

    Parameters
    ----------
    site : pathlib.Path
        Its folder.
    pages : sequence of str
        Pages that must be there, without ending.

    Returns
    -------
    list of str
        One readable line per problem; empty if all is well.
    """
    read = {p: read_page(p) for p in sorted(site.rglob("*.html")) if "_static" not in p.parts}
    problems = [
        f"{page}: the page is missing" for page in pages if site / f"{page}.html" not in read
    ]
    for path, page in read.items():
        name = path.relative_to(site).as_posix()
        problems += [f"{name}: {p}" for p in _problems(page, site, read)]
    for sheet in sorted(site.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8", errors="replace")
        if "url(http" in text.replace('"', "").replace("'", "") or "@import url(//" in text:
            problems.append(f"{sheet.relative_to(site).as_posix()}: fetches from outside the site")
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
    for address in page.loads:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") or address.startswith("//"):
            yield f"loads {address} from outside the site"
        elif parts.scheme != "data" and not _target(page.path, parts.path, site).is_file():
            yield f"loads {address}, which is not there"
    for address in page.links:
        parts = urlsplit(address)
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
