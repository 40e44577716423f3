"""Marks of codes in a file of this instance: millions of them in little memory.

SQLite's own temporary database: it has no name, spills from its page cache to the temporary folder,
and is gone with its connection.
"""

import sqlite3
from collections.abc import Iterable

CACHE_KILOBYTES = 32_768


class MarkFile:
    """Marks, each with the number of the batch that has it."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in (
            f"cache_size = -{CACHE_KILOBYTES}",
            "journal_mode = OFF",
            "synchronous = OFF",
            "locking_mode = EXCLUSIVE",
        ):
            self.database.execute(f"PRAGMA {setting}")
        self.database.execute(
            "CREATE TABLE marks (mark BLOB PRIMARY KEY, batch INTEGER NOT NULL) WITHOUT ROWID"
        )

    def add(self, marks: Iterable[bytes], batch: int) -> None:
        """Marks that are there already stay as they are."""
        self.database.execute("BEGIN")
        self.database.executemany(
            "INSERT OR IGNORE INTO marks VALUES (?, ?)", ((mark, batch) for mark in marks)
        )
        self.database.execute("COMMIT")

    def find(self, marks: Iterable[bytes]) -> dict[bytes, int]:
        """Batch numbers of those that are there."""
        found = {}
        ask = self.database.cursor()
        for mark in marks:
            row = ask.execute("SELECT batch FROM marks WHERE mark = ?", (mark,)).fetchone()
            if row:
                found[mark] = row[0]
        return found

    def close(self) -> None:
        self.database.close()
