"""What kind of file some bytes are: judged by content, then compared with the name's ending."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePath
from typing import NamedTuple

from cartanalysis.intake.reading.files import MAX_UNPACKED_BYTES, check_bytes, damaged, refuse


class Kind(NamedTuple):
    """A kind of file that can be read: what it is called, endings of its name, its first bytes."""

    words: str
    endings: tuple[str, ...]
    starts: tuple[bytes, ...] = ()


_SAS = bytes(12) + bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")

KINDS: Mapping[str, Kind] = {
    "text": Kind("plain text", (".csv", ".tsv", ".txt", ".tab", ".psv", ".dat", ".asc")),
    "xlsx": Kind("an Excel workbook", (".xlsx", ".xlsm", ".xltx", ".xltm")),
    "parquet": Kind("a Parquet file", (".parquet", ".pq"), (b"PAR1",)),
    "xpt": Kind("a SAS transport file", (".xpt", ".xport"), (b"HEADER RECORD*******LIB",)),
    "sas7bdat": Kind("a SAS file", (".sas7bdat",), (_SAS,)),
    "dta": Kind("a Stata file", (".dta",), (b"<stata_dta>",)),
    "sav": Kind("an SPSS file", (".sav", ".zsav"), (b"$FL2", b"$FL3")),
    "por": Kind("an SPSS portable file", (".por",)),
    "json": Kind("a JSON file", (".json", ".ndjson", ".jsonl")),
    "gz": Kind("a gzip file", (".gz",), (b"\x1f\x8b",)),
    "dsjc": Kind("compressed Dataset-JSON", (".dsjc",)),
}
"""The kinds that are read; the usual ending comes first."""

_AS_TABLE = "Save the table as CSV or Excel workbook (.xlsx)"
_COLUMNAR = "Save the table as Parquet or CSV"
_FROM_R = "Save the table as CSV: write.csv(x, row.names = FALSE)"
_UNPACK = "Unpack it and give the table"

_REFUSED = (
    ("a PDF", _AS_TABLE, (b"%PDF",)),
    ("a Word document (RTF)", _AS_TABLE, (b"{\\rtf",)),
    ("a picture", "Give the table itself", (b"\x89PNG", b"\xff\xd8\xff")),
    ("a database", "Export the table as CSV", (b"SQLite format 3",)),
    ("a Feather file", _COLUMNAR, (b"ARROW1", b"FEA1")),
    ("an HDF5 file", _COLUMNAR, (b"\x89HDF",)),
    # could run any program when opened: never tried
    ("a Python pickle", _COLUMNAR, (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5")),
    ("an R workspace", _FROM_R, (b"RDX", b"RDA")),
    ("an R object", _FROM_R, (b"X\n\0\0",)),
    ("a 7-Zip archive", _UNPACK, (b"7z\xbc\xaf",)),
    ("a bzip2 archive", _UNPACK, (b"BZh",)),
    ("an xz archive", _UNPACK, (b"\xfd7zXZ",)),
    ("a RAR archive", _UNPACK, (b"Rar!",)),
    ("a Zstandard archive", _UNPACK, (b"\x28\xb5\x2f\xfd",)),
    # what many hospital systems call an Excel export
    (
        "a web page (HTML)",
        f"Open it in Excel. {_AS_TABLE}",
        (b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<meta"),
    ),
    (
        "an XML document",
        f"Open it in the program it is from. {_AS_TABLE}",
        (b"<?xml", b"mime-version:"),
    ),
)
"""What is not read, with a remedy and first bytes; of texts in lower case."""

_ZIPPED = {
    "xl/workbook.bin": ("a binary Excel workbook (.xlsb)", "Save it as .xlsx"),
    "xl/": None,  # a workbook that is read
    "content.xml": ("an OpenDocument file", "Save the table as .xlsx or CSV"),
    "word/": ("a Word document", _AS_TABLE),
}
"""What a zip archive is, by how the name of a part of it begins."""

_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def detect(data: bytes, name: str) -> str:
    """Tell what kind of file some bytes are."""
    kind = _recognise(data, name)
    ending = PurePath(name).suffix.lower()
    expected = next((k for k, known in KINDS.items() if ending in known.endings), kind)
    if kind == expected or (kind, expected) == ("text", "json"):
        return expected
    if kind == "text":
        raise damaged(name, KINDS[expected].words)
    what = f"the name ends in {ending}, but the file is {KINDS[kind].words}"
    raise refuse(name, what, f"If that is right, let its name end in {KINDS[kind].endings[0]}")


def unpacked(data: bytes, name: str) -> bytes:
    """Unpack compressed Dataset-JSON (gzip or zlib), up to `MAX_UNPACKED_BYTES`."""
    unfold = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # either header
    again, alone = "Copy or export it again", "Unpack it and give the file itself"
    try:
        content = unfold.decompress(data, MAX_UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise refuse(name, "the file is damaged or not a compressed file", again) from error
    check_bytes(name, len(content), MAX_UNPACKED_BYTES, "unpacked, the file")
    if not unfold.eof:
        raise refuse(name, "the compressed file is incomplete", again)
    if unfold.unused_data.strip(b"\0"):
        raise refuse(name, "the compressed file holds more than one part", alone)
    if not content.strip():
        raise refuse(name, "the compressed file is empty", "Export it again")
    inner = _recognise(content, name)
    if inner != "json":
        what = f"the compressed file holds {KINDS[inner].words}; only Dataset-JSON is read packed"
        raise refuse(name, what, alone)
    return content


def _recognise(data: bytes, name: str) -> str:
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(data, name)
    if data.startswith(_OFFICE) and _ENCRYPTED in data:
        what = "the workbook is protected by a password"
        raise refuse(name, what, "Save a copy without password")
    if data.startswith(_OFFICE):
        what = "the file is an old Excel or Word file (before 2007), which is not read"
        raise refuse(name, what, "Save it as .xlsx")
    for kind, known in KINDS.items():
        if known.starts and data.startswith(known.starts):
            return kind
    text = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for words, remedy, starts in _REFUSED:
        if data.startswith(starts) or text.startswith(starts):
            raise _refused(name, words, remedy)
    if 0x69 <= data[0] <= 0x73 and data[1:2] in (b"\1", b"\2") and data[2:3] == b"\1":
        return "dta"  # of Stata 5 to 12
    if b"SPSS PORT FILE" in data[:500]:
        return "por"
    if _is_zlib(data):
        return "dsjc"
    return "json" if text.startswith((b"{", b"[")) else "text"


def _refused(name: str, words: str, remedy: str) -> Exception:
    ending = PurePath(name).suffix
    said = f"the name ends in {ending}, but the file is {words}" if ending else f"this is {words}"
    return refuse(name, f"{said}, which is not read", remedy)


def _zip(data: bytes, name: str) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
        raise damaged(name, "an Excel workbook or a zip archive") from error
    for start, refused in _ZIPPED.items():
        if any(member.startswith(start) for member in members):
            if refused is None:
                return "xlsx"
            raise _refused(name, *refused)
    raise _refused(name, "a zip archive", "Unpack it and give the table")


def _is_zlib(data: bytes) -> bool:
    try:
        zlib.decompressobj().decompress(data[:512], 4096)
    except zlib.error:
        return False
    return len(data) > 2  # two letters of text may look like a header
