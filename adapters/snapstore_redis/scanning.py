"""The names of keys, by page: found with SCAN, kept in a temporary file when there are many.

A key's page follows from its name alone, so that one changed key is one changed page, however many there are.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

from snapstore.errors import SnapError
from snapstore_redis.connection import Command, ServerError, Session
from snapstore_redis.settings import Settings

FEW = 1_000
"""As many keys are one page: that is easier to read."""
MANY = 2_000_000
"""Up to as many are on 256 pages, more on 4096."""
_BITS = 12
_COUNT = 2_000
_IN_MEMORY = 250_000


class Names:
    """Keys of one or more databases, in 4096 buckets by the hash of their names; ``found`` counts also those
    that were found twice."""

    def __init__(self) -> None:
        self._lists: dict[int, list[list[bytes]]] = {}
        self.found = 0
        self._held = 0
        self._file = tempfile.TemporaryFile(prefix="snap-redis-")  # noqa: SIM115 - closed when it is collected
        self._places: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def add(self, database: int, names: Sequence[bytes]) -> None:
        lists, shift = self._of_database(database), 32 - _BITS
        for name in names:
            lists[crc32(name) >> shift].append(name)
        self.found += len(names)
        self._held += len(names)
        if self._held > _IN_MEMORY:
            self._spill()

    def _of_database(self, database: int) -> list[list[bytes]]:
        if database not in self._lists:
            self._lists[database] = [[] for _ in range(1 << _BITS)]
        return self._lists[database]

    def _spill(self) -> None:
        for database, lists in self._lists.items():
            for bucket, names in enumerate(lists):
                if names:
                    data = marshal.dumps(names)
                    self._places.setdefault((database, bucket), []).append((self._file.tell(), len(data)))
                    self._file.write(data)
        self._lists.clear()
        self._held = 0

    def of(self, database: int, buckets: Iterable[int]) -> list[bytes]:
        """The keys of some buckets, each once, in order."""
        found: set[bytes] = set()
        lists = self._of_database(database)
        for bucket in buckets:
            found.update(lists[bucket])
            for place, size in self._places.get((database, bucket), ()):
                self._file.seek(place)
                found.update(marshal.loads(self._file.read(size)))  # noqa: S302 - ours, and nobody else sees it
        self._file.seek(0, 2)
        return sorted(found)

    def more_than(self, number: int, databases: Iterable[int]) -> bool:
        """Whether there are more keys than that, each counted once."""
        if self.found <= number:
            return False
        left = number
        for database in databases:
            for bucket in range(1 << _BITS):
                left -= len(self.of(database, [bucket]))
                if left < 0:
                    return True
        return False


def pages(names: Names, databases: Sequence[int]) -> Iterator[tuple[str, range]]:
    """The path of each page and its buckets: what they are follows from how many keys there are."""
    if not names.more_than(FEW, databases):
        yield "keys.json", range(1 << _BITS)
        return
    digits = 3 if names.more_than(MANY, databases) else 2
    size = 1 << (_BITS - 4 * digits)
    for number in range(16**digits):
        yield f"keys/{number:0{digits}x}.json", range(number * size, (number + 1) * size)


def find(session: Session, settings: Settings, databases: Sequence[int]) -> Names:
    """The names of all keys that match. SnapError when there are more than ``max_keys``."""
    names = Names()
    for database in databases:
        for pattern in settings.keys:
            for batch in scan(session, database, pattern, ahead=True):
                names.add(database, batch)
                if names.found > 2 * settings.max_keys + _COUNT:
                    raise _too_many(session, settings)
    # What SCAN tells twice, and what two patterns match, counts once.
    if names.more_than(settings.max_keys, databases):
        raise _too_many(session, settings)
    return names


def scan(session: Session, database: int, pattern: str, *, ahead: bool = False) -> Iterator[list[bytes]]:
    """The keys of a database that match, in batches; some may come twice. ``ahead`` lets the server look for
    the next ones meanwhile: in vain where it is asked for anything else in between."""
    match = () if pattern == "*" else ("MATCH", pattern)
    asked: list[Command] = [("SCAN", 0, *match, "COUNT", _COUNT)]
    while True:
        (answer,) = session.ask(asked, database)
        if isinstance(answer, ServerError):
            raise SnapError(f"the server does not let us list keys: {answer}", where=session.resource)
        cursor, batch = answer
        if cursor != b"0":
            asked = [("SCAN", cursor, *match, "COUNT", _COUNT)]
            if ahead:
                session.send_ahead(asked, database)
        if batch:
            yield batch
        if cursor == b"0":
            return


def _too_many(session: Session, settings: Settings) -> SnapError:
    return SnapError(
        f"more than {settings.max_keys:,} keys match {', '.join(settings.keys)}",
        where=session.resource,
        fix="name fewer with narrower patterns in `keys`, or allow more with `max_keys`",
    )
