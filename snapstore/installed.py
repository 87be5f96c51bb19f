"""Entry points of what is installed, read at once.

``importlib.metadata`` gives the same answer, but importing it takes longer than many a whole command, so it
is left to answer where only it can: for packages in zip files.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_METADATA = (".dist-info", ".egg-info")


def entry_points(group: str) -> dict[str, str]:
    """``module:attribute`` by name, sorted, of a group.

    What comes first on ``sys.path`` wins, be it a name or another version of the same distribution.
    """
    if any(Path(folder).is_file() for folder in sys.path):
        return _of_importlib(group)
    found: dict[str, str] = {}
    for distribution in _distributions(sys.path):
        for name, place in _points(distribution, group):
            found.setdefault(name, place)
    return dict(sorted(found.items()))


def _distributions(folders: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for folder in folders:
        with suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in entries:
                name = entry.name.rpartition(".")[0].partition("-")[0].lower().replace(".", "_")
                if entry.name.endswith(_METADATA) and name not in seen:
                    seen.add(name)
                    yield entry.path


def _points(distribution: str, group: str) -> Iterator[tuple[str, str]]:
    try:
        with open(f"{distribution}/entry_points.txt", encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[]")
        elif section == group and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()


def _of_importlib(group: str) -> dict[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value.partition("[")[0].strip() for point in sorted(entry_points(group=group))}
