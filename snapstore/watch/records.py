"""What was measured after a deploy, on disk as it comes: a file of JSON lines for each watch.

It is there for reports, and nothing else depends on it: a line that a crash has cut off is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from snapstore.watch.judge import Measurement, Phase
from snapstore.watch.readings import Written
from snapstore.workspace import Workspace

_SUFFIX = ".jsonl"


class Begun(msgspec.Struct, frozen=True):
    """``commit`` is the snapshot from before the deploy, ``before`` what the metrics were then, by name."""

    commit: str
    time: float
    before: dict[str, Written]


class Ended(msgspec.Struct, frozen=True):
    verdict: Phase
    time: float


class Watch(msgspec.Struct, frozen=True):
    """One watch; ``ended`` is None while it goes on, or when it was stopped."""

    number: int
    begun: Begun
    measurements: list[Measurement]
    ended: Ended | None


class _Line(msgspec.Struct, omit_defaults=True):
    begun: Begun | None = None
    measurement: Measurement | None = None
    ended: Ended | None = None


class Record:
    """The file of one watch, open for appending."""

    def __init__(self, ws: Workspace, begun: Begun) -> None:
        folder = _folder(ws)
        folder.mkdir(parents=True, exist_ok=True)
        self.number, self.path = _next(folder)
        self._write(_Line(begun=begun))

    def add(self, what: Measurement | Ended) -> None:
        self._write(_Line(ended=what) if isinstance(what, Ended) else _Line(measurement=what))

    def _write(self, line: _Line) -> None:
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")


def history(ws: Workspace) -> Iterator[Watch]:
    """All watches, newest first."""
    for path in sorted(_paths(_folder(ws)), reverse=True):
        lines = list(_lines(path))
        begun = next((line.begun for line in lines if line.begun), None)
        if begun:
            measured = [line.measurement for line in lines if line.measurement]
            ended = next((line.ended for line in lines if line.ended), None)
            yield Watch(int(path.stem), begun, measured, ended)


def _lines(path: Path) -> Iterator[_Line]:
    for text in path.read_bytes().splitlines():
        try:
            yield msgspec.json.decode(text, type=_Line)
        except msgspec.DecodeError:
            continue


def _next(folder: Path) -> tuple[int, Path]:
    """The first number that is free, and its file, made: somebody else may begin at the same moment."""
    number = max((int(path.stem) for path in _paths(folder)), default=0) + 1
    while True:
        path = folder / f"{number:06}{_SUFFIX}"
        try:
            path.open("xb").close()
        except FileExistsError:
            number += 1
        else:
            return number, path


def _folder(ws: Workspace) -> Path:
    return ws.store.workspace("watch")


def _paths(folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal()]
