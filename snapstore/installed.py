"""Entry points of what is installed, read at once.

``importlib.metadata`` gives the same answer, but importing it takes longer than many a whole command, so it
is left to answer where only it can: for packages in zip files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_METADATA = (".dist-info", ".egg-info")


def entry_points(group: str) -> dict[str, str]:
    """``module:attribute`` by name, sorted, of a group.

    What comes first on ``sys.path`` wins, be it a name or another version of the same distribution.
    """
    folders = [Path(place) for place in sys.path]
    if any(folder.is_file() for folder in folders):
        return _of_importlib(group)
    found: dict[str, str] = {}
    for distribution in _distributions(folders):
        for name, place in _points(distribution, group):
            found.setdefault(name, place)
    return dict(sorted(found.items()))


def _distributions(folders: Iterable[Path]) -> Iterator[Path]:
    seen: set[str] = set()
    for folder in folders:
        with suppress(OSError):
            for path in folder.iterdir():
                name = path.stem.partition("-")[0].lower().replace(".", "_")
                if path.suffix in _METADATA and name not in seen:
                    seen.add(name)
                    yield path


def _points(distribution: Path, group: str) -> Iterator[tuple[str, str]]:
    try:
        text = (distribution / "entry_points.txt").read_text("utf-8")
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
