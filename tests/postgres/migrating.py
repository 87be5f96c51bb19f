"""Files of SQL in steps: ``--- NAME`` begins each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path


def migrations(path: Path) -> Iterator[tuple[str, str]]:
    """The steps of a file, each with its name."""
    _, *found = re.split(r"^--- (.+)\n", path.read_text(), flags=re.MULTILINE)
    yield from zip(found[::2], found[1::2], strict=True)
