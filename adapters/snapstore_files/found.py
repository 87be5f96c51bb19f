"""What a walk found, and how it comes from another process that did a part of it."""

from __future__ import annotations

import os
import stat
from typing import Any

import msgspec

from snapstore.filetree.attributes import Seen
from snapstore.model import Fact, LiveFile, LiveFolder, Notice

USUAL = {stat.S_IFREG | 0o644, stat.S_IFREG | 0o755}
"""Modes of regular files about which Git says everything."""


class Found(msgspec.Struct):
    """What a walk found; ``unreadable`` are the paths that could not be looked into.

    Regular files are in ``folders``, links in ``files``. Of one whose mode, links and owner are among
    ``usual``, nothing else is to be told. ``entries`` is how many names were seen. ``root`` is the folder at
    the top of the whole tree, also where this is of a part: its owner is what others are held against.
    """

    root: os.stat_result
    seen: Seen
    usual: frozenset[tuple[int, int, int, int]]
    folders: list[LiveFolder] = []
    files: list[LiveFile] = []
    facts: list[Fact] = []
    notices: list[Notice] = []
    unreadable: list[str] = []
    entries: int = 0


def nothing_yet(keep: frozenset[str], root: os.stat_result) -> Found:
    seen = Seen(keep, root)
    usual = () if seen.everything else [(mode, 1, root.st_uid, root.st_gid) for mode in USUAL]
    return Found(root, seen, frozenset(usual))


def told(found: Found) -> tuple[Any, ...]:
    """All of it but ``entries``, as plain values."""
    values = (found.folders, found.files, found.facts, found.notices)
    plain = [[msgspec.structs.astuple(value) for value in some] for some in values]
    return (*plain, found.unreadable, found.seen.told())


def add(found: Found, told: tuple[Any, ...]) -> None:
    """What :func:`told` gave of a part."""
    folders, files, facts, notices, unreadable, seen = told
    found.folders += [LiveFolder(*folder) for folder in folders]
    found.files += [LiveFile(*file) for file in files]
    found.facts += [Fact(*fact) for fact in facts]
    found.notices += [Notice(*notice) for notice in notices]
    found.unreadable += unreadable
    found.seen.add(seen)
