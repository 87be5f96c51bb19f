"""Where a history was cut: the commits of Git's file ``shallow``, and what comes before them to us."""

from __future__ import annotations

import re
from pathlib import Path

from snapstore.store.refs import Refs

BEFORE = "refs/snapstore/before/"
"""Refs, each named for a commit whose parent is gone, that point at the next older one that stays."""


def read(root: Path) -> dict[str, tuple[str, ...]]:
    """The parents of shallow commits: none, or the one that a ref of ours says."""
    try:
        shallow = re.findall(
            r"^[0-9a-f]{40}$", (root / "shallow").read_text("ascii", "replace"), re.MULTILINE
        )
    except FileNotFoundError:
        return {}
    before = Refs(root).all(BEFORE)
    return {oid: (before[BEFORE + oid],) if BEFORE + oid in before else () for oid in shallow}
