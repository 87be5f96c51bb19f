"""What a file is, beyond its size, where that tells more than its bytes: images and manifests of bundlers."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from snapstore.errors import some

HEAD = 64 * 1024
"""Bytes from which the measures of an image can be told."""
_IMAGES = (".png", ".gif", ".webp", ".jpg", ".jpeg")
_MANIFESTS = ("build-manifest.json", "asset-manifest.json", "manifest.json")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG behind which its measures are."""
_NAMED = 8

Chunks = Mapping[str, tuple[str, ...]]
"""The files of each entry, page or chunk of a build, by its name."""


def is_image(path: str) -> bool:
    return path.lower().endswith(_IMAGES)


def is_manifest(path: str) -> bool:
    return path.rpartition("/")[2].endswith(_MANIFESTS)


def measures(head: bytes) -> str | None:
    """``640×480`` of a PNG, GIF, WebP or JPEG, given its first bytes; None where they do not tell."""
    try:
        found = _measures(head)
    except struct.error:
        return None
    return f"{found[0]}×{found[1]}" if found else None


def _measures(head: bytes) -> tuple[int, ...] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack_from(">LL", head, 16)
    if head.startswith((b"GIF87a", b"GIF89a")):
        return struct.unpack_from("<HH", head, 6)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _of_webp(head)
    return _of_jpeg(head) if head.startswith(b"\xff\xd8") else None


def _of_webp(head: bytes) -> tuple[int, ...] | None:
    if head[12:16] == b"VP8X":
        low = struct.unpack_from("<HBHB", head, 24)
        return 1 + low[0] + (low[1] << 16), 1 + low[2] + (low[3] << 16)
    if head[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<L", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if head[12:16] == b"VP8 ":
        return tuple(number & 0x3FFF for number in struct.unpack_from("<HH", head, 26))
    return None


def _of_jpeg(head: bytes) -> tuple[int, ...] | None:
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:
        if head[at + 1] in _FRAMES:
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 + int(struct.unpack_from(">H", head, at + 2)[0])
    return None


def chunks(content: str) -> Chunks | None:
    """What a manifest of Next.js, webpack or Vite says of a build; None when it is none of these."""
    try:
        found = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    inner = found.get("pages", found.get("files"))
    named = {name: _files(value) for name, value in (inner if isinstance(inner, dict) else found).items()}
    told = {name: files for name, files in named.items() if files}
    # A web app has a manifest.json as well, which says other things.
    return told if told and (inner is not None or len(told) == len(named)) else None


def _files(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if "." in value else ()
    if isinstance(value, dict):  # Vite
        return _files([value.get("file", ""), *value.get("css", ())])
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(item for item in value if "." in item)
    return ()


def changed_chunks(before: Chunks, after: Chunks) -> Iterator[str]:
    """A line for what changed, what came and what went, each with names, and one for what is as it was."""
    both = sorted(before.keys() & after.keys())
    changed = [name for name in both if before[name] != after[name]]
    for word, names in (
        ("changed", changed),
        ("added", sorted(after.keys() - before.keys())),
        ("removed", sorted(before.keys() - after.keys())),
    ):
        if names:
            yield f"chunks {word}: {some(names, _NAMED)}"
    if len(changed) < len(both):
        yield f"chunks as before: {len(both) - len(changed):,}"
