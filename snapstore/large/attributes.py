"""The ``.gitattributes`` of a resource's tree: with it, Git LFS fills in large files in a plain checkout."""

from __future__ import annotations

import re
from collections.abc import Iterable

NAME = b".gitattributes"
_LONGEST = 2000
"""Bytes of a line; Git does not read one of 2,048 or more."""
_GLOB = re.compile(rb"[\\*?\[]")
_QUOTED = re.compile(rb'["\\\x00-\x1f\x7f]')


def attributes(paths: Iterable[bytes]) -> bytes:
    """The file for large files at these paths, as they stand in the tree of the resource.

    One whose path is too long for Git's rules is left out: only a plain checkout will miss it.
    """
    lines = sorted(b'"' + _pattern(path) + b'" filter=lfs diff=lfs merge=lfs -text\n' for path in paths)
    return b"".join(line for line in lines if len(line) < _LONGEST)


def _pattern(path: bytes) -> bytes:
    literal = _GLOB.sub(lambda found: b"\\" + found[0], path)
    return b"/" + _QUOTED.sub(lambda found: b"\\%03o" % found[0][0], literal)
