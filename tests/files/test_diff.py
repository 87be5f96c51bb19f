"""What ``snap diff`` tells of files that changed: lines, sizes, measures of images, chunks of a build."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from snapstore.render.contents import measures
from tests.conftest import Snap

CONFIG = """
[resources.build]
adapter = "files"
path = "build"
"""


def png(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">L", 13) + body + struct.pack(">L", zlib.crc32(body))


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(10)


def jpeg(width: int, height: int) -> bytes:
    thumbnail = b"\xff\xe1" + struct.pack(">H", 302) + bytes(300)
    return b"\xff\xd8" + thumbnail + b"\xff\xc2" + struct.pack(">HBHH", 11, 8, height, width) + bytes(20)


def webp(width: int, height: int) -> bytes:
    small = struct.pack("<L", width - 1)[:3] + struct.pack("<L", height - 1)[:3]
    return b"RIFF" + bytes(4) + b"WEBPVP8X" + struct.pack("<LL", 10, 0) + small


def lossless(width: int, height: int) -> bytes:
    bits = struct.pack("<L", (width - 1) | (height - 1) << 14)
    return b"RIFF" + bytes(4) + b"WEBPVP8L" + bytes(4) + b"\x2f" + bits + bytes(8)


@pytest.mark.parametrize("make", [png, gif, jpeg, webp, lossless])
def test_the_measures_of_an_image_are_read_from_its_first_bytes(make: Any) -> None:
    whole = make(1200, 630)
    assert measures(whole) == "1200×630"
    for size in range(len(whole)):
        assert measures(whole[:size]) in (None, "1200×630")


@pytest.fixture
def build(snap: Snap) -> Path:
    snap.configure(CONFIG)
    (snap.root / "build").mkdir()
    return snap.root / "build"


def test_an_image_is_told_by_its_measures(snap: Snap, build: Path) -> None:
    (build / "logo.png").write_bytes(png(64, 48))
    snap("take", code=0)
    (build / "logo.png").write_bytes(png(128, 96) + bytes(67))
    (build / "new.JPG").write_bytes(jpeg(3, 4))
    said = snap("diff", code=0).stdout
    assert "~ logo.png  33 B, 64×48 → 100 B, 128×96" in said
    assert "+ new.JPG  335 B, 3×4" in said


NEXT = (
    {"pages": {"/": ["c/main-1.js"], "/a": ["a-1.js", "a.css"], "/old": ["o.js"], "/b": ["b.js"]}},
    {"pages": {"/": ["c/main-2.js"], "/a": ["a-2.js", "a.css"], "/new": ["n.js"], "/b": ["b.js"]}},
)
WEBPACK = (
    {"/": "/main-1.js", "/a": "/a-1.js", "/old": "/o.js", "/b": "/b.js"},
    {"/": "/main-2.js", "/a": "/a-2.js", "/new": "/n.js", "/b": "/b.js"},
)
VITE = tuple({name: {"file": file, "isEntry": True} for name, file in side.items()} for side in WEBPACK)


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("build-manifest.json", NEXT),
        ("app-build-manifest.json", NEXT),
        ("manifest.json", WEBPACK),
        ("asset-manifest.json", tuple({"files": side, "entrypoints": ["main.js"]} for side in WEBPACK)),
        (".vite/manifest.json", VITE),
    ],
)
def test_a_build_is_told_by_its_chunks(
    snap: Snap, build: Path, name: str, sides: tuple[dict[str, Any], ...]
) -> None:
    path = build / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(sides[0]))
    snap("take", code=0)
    path.write_text(json.dumps(sides[1]))
    said = [line.strip() for line in snap("diff", code=0).stdout.splitlines()]
    assert said[2:] == [
        "chunks changed: /, /a",
        "chunks added: /new",
        "chunks removed: /old",
        "chunks as before: 1",
    ]
    assert "main-2.js" in snap("diff", "--full", code=0).stdout


@pytest.mark.parametrize("content", ["not json {", "[1]", '{"name": "an app", "icons": []}', '{"pages": 3}'])
def test_what_is_no_manifest_of_a_build_is_shown_by_its_lines(snap: Snap, build: Path, content: str) -> None:
    (build / "manifest.json").write_text(content + "\n")
    snap("take", code=0)
    (build / "manifest.json").write_text(content + "\nmore\n")
    said = snap("diff", code=0).stdout
    assert "+more" in said and "chunks" not in said
