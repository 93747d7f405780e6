"""Texts and their numbers in the index, from both sides; what was seen lately is kept in memory, bounded."""

import sqlite3

import orjson

from audit.index.wanted import names

_KEPT = 65_536
_FIRST = 128


class Numbering:
    """Gives numbers to texts, for the index's writer. Inside the writer's transactions.

    Args:
        db: the index.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._words: dict[str | None, int | None] = {None: None}
        self._fired: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {((), ()): 1}
        self._labels: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {((), ()): 1}

    def word(self, text: str | None) -> int | None:
        """Return the number of a text; None of none."""
        try:
            return self._words[text]
        except KeyError:
            pass
        if len(self._words) >= _KEPT:
            self._words = {None: None}
        self._db.execute("INSERT OR IGNORE INTO word (text) VALUES (?)", (text,))
        (number,) = self._db.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()
        self._words[text] = number
        return int(number)

    def fired(self, rules: list[str], controls: list[str]) -> int:
        """Return the number of a combination of rules, and of the controls that they serve."""
        key = (tuple(rules), tuple(controls))
        known = self._fired.get(key)
        if known is not None:
            return known
        if len(self._fired) >= _KEPT:
            self._fired.clear()
        texts = (orjson.dumps(rules).decode(), orjson.dumps(controls).decode())
        self._db.execute("INSERT OR IGNORE INTO fired (rules, controls) VALUES (?, ?)", texts)
        query = "SELECT id FROM fired WHERE rules = ? AND controls = ?"
        number = int(self._db.execute(query, texts).fetchone()[0])
        called = {name for rule in rules for name in names(rule)}
        for table, words in (("rule", called), ("control", set(controls))):
            self._db.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES (?, ?)",  # noqa: S608 - one of two names, above
                [(self.word(each), number) for each in words],
            )
        self._fired[key] = number
        return number

    def labels(self, tags: list[str], keys: list[str]) -> int:
        """Return the number of a combination of tags and of the ledger's keys."""
        key = (tuple(tags), tuple(keys))
        known = self._labels.get(key)
        if known is not None:
            return known
        if len(self._labels) >= _KEPT:
            self._labels = {((), ()): 1}
        texts = (orjson.dumps(tags).decode(), orjson.dumps(keys).decode())
        self._db.execute("INSERT OR IGNORE INTO labels (tags, keys) VALUES (?, ?)", texts)
        query = "SELECT id FROM labels WHERE tags = ? AND keys = ?"
        number = self._labels[key] = int(self._db.execute(query, texts).fetchone()[0])
        return number


class _Texts(dict[int | None, str | None]):
    """Texts by number, looked up in the index when first asked for."""

    def __init__(self, db: sqlite3.Connection) -> None:
        # Those met first are met most: one question in place of many.
        first = db.execute("SELECT id, text FROM word WHERE id <= ?", (_FIRST,)).fetchall()
        super().__init__([(None, None), *first])
        self._db = db

    def __missing__(self, number: int) -> str:
        if len(self) >= _KEPT:
            self.clear()
            self[None] = None
        (text,) = self._db.execute("SELECT text FROM word WHERE id = ?", (number,)).fetchone()
        self[number] = text
        return str(text)


class Naming:
    """Gives texts for numbers, for a reader.

    Args:
        db: the index.

    Attributes:
        texts: by number; None of None.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.texts = _Texts(db)
        self._fired: dict[int, tuple[list[str], list[str]]] = {}
        self._labels: dict[int, tuple[list[str], list[str]]] = {}

    def fired(self, number: int) -> tuple[list[str], list[str]]:
        """Return the rules that fired together, and the controls that they serve; for reading only."""
        known = self._fired.get(number)
        if known is None:
            if len(self._fired) >= _KEPT:
                self._fired.clear()
            query = "SELECT rules, controls FROM fired WHERE id = ?"
            rules, controls = self._db.execute(query, (number,)).fetchone()
            known = self._fired[number] = (orjson.loads(rules), orjson.loads(controls))
        return known

    def labels(self, number: int) -> tuple[list[str], list[str]]:
        """Return tags and keys that stand together; for reading only."""
        known = self._labels.get(number)
        if known is None:
            if len(self._labels) >= _KEPT:
                self._labels.clear()
            tags, keys = self._db.execute("SELECT tags, keys FROM labels WHERE id = ?", (number,)).fetchone()
            known = self._labels[number] = (orjson.loads(tags), orjson.loads(keys))
        return known

    def number(self, text: str) -> int | None:
        """Return the number of a text; None where the index never met it."""
        found = self._db.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()
        return None if found is None else int(found[0])
