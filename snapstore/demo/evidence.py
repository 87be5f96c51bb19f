"""What is so, found out without snapstore: rows through SQL, keys one by one, the zone as it is transferred,
files byte by byte.

A tool that proves its own work with its own eyes proves little.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snapstore.demo.shop import ORIGIN, Shop, client

_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'm')
ORDER BY 1
"""

# As JSON, so that the order of columns does not matter (a column that comes back comes last), and sorted,
# so that the order of rows does not.
_ROWS = """
SELECT count(*), md5(string_agg(hash, '' ORDER BY hash))
FROM (SELECT md5(to_jsonb(r)::text) AS hash FROM {} AS r) AS hashes
"""


@dataclass(frozen=True)
class Evidence:
    """``rows``: for each table and materialized view the number of its rows and a checksum over them.
    ``parameters`` and ``keys`` of the cache, these without the cached pages: each with its value.
    ``records``: for each name and type of the zone its TTL and its records, the serial left out.
    ``files``: for each file its permissions and a checksum, by its path in the folder."""

    rows: Mapping[str, tuple[int, str]]
    parameters: Mapping[str, str]
    keys: Mapping[str, object]
    records: Mapping[str, tuple[int, tuple[str, ...]]]
    files: Mapping[str, tuple[int, str]]

    @property
    def row_count(self) -> int:
        return sum(count for count, _ in self.rows.values())


def gather(shop: Shop) -> Evidence:
    """The evidence now."""
    with client(shop) as cache:
        parameters, keys = cache.config_get("*"), _keys(cache)
    return Evidence(_rows(shop.url), parameters, keys, _records(shop), _files(shop.folder))


def differences(expected: Evidence, found: Evidence) -> list[str]:
    """What is not the same, by name; [] when all of it is."""
    return [
        *_different("rows of", expected.rows, found.rows),
        *_different("parameter", expected.parameters, found.parameters),
        *_different("key", expected.keys, found.keys),
        *_different("records of", expected.records, found.records),
        *_different("file", expected.files, found.files),
    ]


def _different(what: str, expected: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    return [f"{what} {name}" for name in names if expected.get(name) != found.get(name)]


def _rows(url: str) -> dict[str, tuple[int, str]]:
    import psycopg
    from psycopg import sql

    rows = {}
    with psycopg.connect(url) as connection:
        for (name,) in connection.execute(_TABLES).fetchall():
            found = connection.execute(sql.SQL(_ROWS).format(sql.Identifier("public", name))).fetchone()
            count, checksum = found or (0, None)
            rows[name] = (count, checksum or "")
    return rows


def _keys(cache: Any) -> dict[str, object]:
    read = {"string": cache.get, "hash": cache.hgetall, "set": cache.smembers}
    found = sorted(key for key in cache.scan_iter() if not key.startswith("page:"))
    return {key: (read[cache.type(key)](key), cache.pttl(key)) for key in found}


def _records(shop: Shop) -> dict[str, tuple[int, tuple[str, ...]]]:
    import dns.query
    import dns.rdatatype
    import dns.xfr
    import dns.zone

    zone = dns.zone.Zone(ORIGIN, relativize=False)
    query, _ = dns.xfr.make_query(zone, keyring=shop.dns.keyring)
    host, _, port = shop.dns.address.partition(":")
    dns.query.inbound_xfr(host, zone, query, port=int(port), timeout=30)
    return {
        f"{name} {dns.rdatatype.to_text(found.rdtype)}": (found.ttl, tuple(sorted(map(_record, found))))
        for name, found in zone.iterate_rdatasets()
    }


def _record(found: Any) -> str:
    return str(found.replace(serial=0) if hasattr(found, "serial") else found)


def _files(folder: Path) -> dict[str, tuple[int, str]]:
    """The application's files; not the store, the saved plan or what is a cache."""
    names = [".env.production", "webpack.config.js"]
    paths = [folder / name for name in names] + [p for p in (folder / ".next").rglob("*") if p.is_file()]
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mode & 0o7777,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(paths)
        if "cache" not in path.parts
    }
