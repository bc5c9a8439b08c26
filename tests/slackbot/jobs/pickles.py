"""Find pickles in a SQLite file, however they are wrapped."""

import base64
import binascii
import contextlib
import pickletools
import sqlite3
from pathlib import Path
from typing import Any


def is_pickle(content: bytes) -> bool:
    """Whether `pickle.load` would run through it: every opcode is known, and the last one is STOP."""
    try:
        operations = [operation.name for operation, _, _ in pickletools.genops(content)]
    except Exception:  # it raises whatever its readers do
        return False
    return len(operations) > 1


def pickles_in(database: Path) -> list[str]:
    """TABLE.COLUMN of every value that is a pickle, or base64 of one; of what says of itself that it is one, too."""
    found = []
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        values = 0
        for table in tables:
            rows = connection.execute(f'select * from "{table}"')
            columns = [column[0] for column in rows.description]
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    values += 1
                    if value == "py_pickle" or any(is_pickle(content) for content in _contents(value)):
                        found.append(f"{table}.{column}")
    assert values > 100, "nothing to look at"
    return found


def _contents(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    if not isinstance(value, str):
        return []
    with contextlib.suppress(binascii.Error, ValueError):
        return [value.encode(), base64.b64decode(value, validate=True)]
    return [value.encode()]
