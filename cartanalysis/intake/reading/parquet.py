"""Parquet files."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from cartanalysis.errors import Problem
from cartanalysis.intake.reading.files import MAX_UNPACKED_BYTES, check_bytes, damaged
from cartanalysis.intake.reading.table import MAX_CELL_LENGTH, as_text, build, check_size, numbered
from cartanalysis.intake.source import Column, Source


def parse(data: bytes, name: str) -> Source:
    """Read a Parquet file."""
    try:
        source = pa.BufferReader(data)
        schema = pq.read_schema(source)
        texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_binary(f.type)]
        source.seek(0)
        # kept as a dictionary, a long text that is repeated takes memory once
        file = pq.ParquetFile(source, read_dictionary=texts)
        check_size(name, schema.names, file.metadata.num_rows)
        n_groups = file.metadata.num_row_groups
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(n_groups))
        check_bytes(name, size, MAX_UNPACKED_BYTES, "unpacked, the file")
        table = file.read()
        table.validate(full=True)
        flat = [i for i, f in enumerate(schema) if not pa.types.is_nested(f.type)]
        values = [_texts(table.column(i)) for i in flat]
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError, MemoryError) as error:
        raise damaged(name, "a Parquet file") from error
    what = "the cells of the column hold lists or tables"
    remedy = "Give it one value per patient, or leave it out"
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    problems = [Problem(what, remedy, column=column) for column in nested]
    header = [Column(schema.names[i].strip()) for i in flat]
    return build(name, "Parquet", header, numbered(values), problems=problems)


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Write a column as text; a text far too long is cut before it is repeated."""
    texts: list[str] = []
    for chunk in column.chunks:
        if isinstance(chunk, pa.DictionaryArray):
            words = [_cut(value) for value in chunk.dictionary.to_pylist()]
            texts += ["" if i is None else words[i] for i in chunk.indices.to_pylist()]
        elif pa.types.is_float32(chunk.type):
            # as single precision it has fewer digits than Python's float would show
            texts += [as_text(value) for value in chunk.to_numpy(zero_copy_only=False)]
        elif pa.types.is_timestamp(chunk.type):
            # nanoseconds have no place in Python's datetime
            seconds = chunk.cast(pa.timestamp("s", chunk.type.tz), safe=False)
            texts += [as_text(value) for value in seconds.to_pylist()]
        else:
            texts += [_cut(value) for value in chunk.to_pylist()]
    return texts


def _cut(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode()
    return as_text(value)[: MAX_CELL_LENGTH + 1]
