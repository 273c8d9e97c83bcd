"""How a mapping file says that rows and tables are put together."""

from __future__ import annotations

from collections.abc import Mapping

from cartanalysis.intake.mapping.document import Document, Node
from cartanalysis.intake.source import TAKE, Layout

KEYS = ("tables", "by", "order", "take", "concepts")
"""The keys of a mapping file that say it."""


def read(document: Document, top: Mapping[str, Node]) -> Layout:
    """Read the keys that are there, telling what is wrong with them."""
    return Layout(
        tables=_tables(document, top["tables"]) if "tables" in top else {},
        by=document.names(top["by"]) if "by" in top else (),
        order=document.names(top["order"]) if "order" in top else (),
        take=_take(document, top["take"]) if "take" in top else {},
        concepts=_concepts(document, top["concepts"]) if "concepts" in top else {},
    )


def _tables(document: Document, node: Node) -> dict[str, str]:
    """Read names of tables, some with the name of their identifier."""
    found: dict[str, str] = {}
    for item in node.value if isinstance(node.value, tuple) else (node,):
        if isinstance(item.value, dict):
            pairs = {table: document.text(column) for table, column in item.value.items()}
        else:
            pairs = {document.text(item): ""}
        for table in pairs.keys() & found.keys():
            document.wrong(item, "the table is named twice", "Keep one", table)
        found |= pairs
    return found


def _take(document: Document, node: Node) -> dict[str, str]:
    """Read which cell of a patient counts, by column."""
    if not isinstance(node.value, dict):
        document.wrong(node, "not a list of columns", f"Write {{column: {' or '.join(TAKE)}}}")
        return {}
    return {column: document.choice(TAKE, inner) for column, inner in node.value.items()}


def _concepts(document: Document, node: Node) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read concept identifiers, by a word for them and the table that holds them."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    if not isinstance(node.value, dict) or not node.value:
        remedy = "Write a word, a table and concept identifiers: infusion: {drug_exposure: [1, 2]}"
        document.wrong(node, "the concepts are missing", remedy)
        return found
    for word, inner in node.value.items():
        if not isinstance(inner.value, dict) or not inner.value:
            remedy = f"Write {word}: {{table: [concept identifiers]}}"
            document.wrong(inner, "the table of the concepts is missing", remedy)
            continue
        found[word] = {t.casefold(): document.names(ids) for t, ids in inner.value.items()}
        for table, ids in inner.value.items():
            for text in found[word][table.casefold()]:
                if text and not (text.isdecimal() and text.isascii()):
                    what = "not a concept identifier"
                    document.wrong(ids, what, "Write its number, as athena.ohdsi.org has it", text)
    return found
