"""Trees with everything at once, taken, changed and restored; and processes that are killed meanwhile.

``SNAPSTORE_FILE_ROUNDS=1000`` and ``SNAPSTORE_FILE_KILLS=200`` go all the way.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snapstore import config
from snapstore.model import PlanOptions, Scope
from snapstore.restore import restore, undo
from snapstore.take import live, take
from snapstore.workspace import open_workspace
from tests.conftest import Snap

ROUNDS = int(os.environ.get("SNAPSTORE_FILE_ROUNDS", "10"))
FIRST = int(os.environ.get("SNAPSTORE_FILE_SEED", "0"))
KILLS = int(os.environ.get("SNAPSTORE_FILE_KILLS", "4"))
LIMIT = 100_000
TOML = f"""
[large_files]
limit = "{LIMIT}B"

[resources.site]
adapter = "files"
path = "tree"
git = true
keep = ["owner", "mtime", "xattr", "hardlink"]
"""
NAMES = [
    *(b"a", b"b", b"A", b"c d", b" ", b"-rf", b"*", b"x" * 255, "é".encode(), "e\u0301".encode()),
    *(b"\xff\xfe", b"%41", b"new\nline", b'"', b"back\\slash", b".git", b".gitattributes", b"HEAD"),
    *(b"git~1", b".GitModules", b"...", b"#", b"!", b"con"),
]
SIZES = [
    *(0, 1, 95, 96, 97, 133, 199, 200, 201, 8191, 8192, 8193, 16_383, 16_384, 16_385),
    *(65_534, 65_535, 65_536, LIMIT - 1, LIMIT, LIMIT + 1),
]
MODES = (0o644, 0o755, 0o600, 0o664, 0o400, 0o711, 0o4755, 0o2755, 0o000)
IDS = (0, 4242, 4343)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"ab" * 32 + b"\nsize 12345\n"
ACL = "system.posix_acl_access"


def content(chance: random.Random) -> bytes:
    if chance.random() < 0.1:
        return chance.choice([POINTER, POINTER + b"\n", POINTER[:-1]])
    size = chance.choice(SIZES)
    return (
        chance.randbytes(size)
        if chance.random() < 0.5
        else b"let a = 1;\n" * (size // 11) + b"x" * (size % 11)
    )


def acl(chance: random.Random) -> bytes:
    """Somebody by number may read, in the form that Linux keeps it."""
    entries = [(1, 6, 0xFFFFFFFF), (2, 4, chance.choice(IDS[1:])), (4, 4, 0xFFFFFFFF)]
    entries += [(0x10, 4, 0xFFFFFFFF), (0x20, 0, 0xFFFFFFFF)]
    return struct.pack("<L", 2) + b"".join(struct.pack("<HHL", *entry) for entry in entries)


def fill(folder: Path, chance: random.Random, depth: int = 0) -> None:
    for name in chance.sample(NAMES, chance.randint(0, 6)):
        path = folder / os.fsdecode(name)
        kind = chance.random()
        if kind < 0.3 and depth < 12:
            path.mkdir()
            fill(path, chance, depth + (1 if chance.random() < 0.5 else 3))
            path.chmod(chance.choice([0o755, 0o755, 0o700, 0o2775, 0o1777]))
        elif kind < 0.4:
            path.symlink_to(os.fsdecode(chance.choice([b"a", b"nowhere", b"../..", b"/etc", b"\xff", b"."])))
        else:
            path.write_bytes(content(chance))
            dress(path, chance)


def dress(path: Path, chance: random.Random) -> None:
    if os.geteuid() == 0:
        os.chown(path, chance.choice(IDS), chance.choice(IDS))
    os.utime(path, ns=(0, 1_700_000_000_000_000_001 + chance.randint(0, 1)))
    for name, value in (("user.text", b"plain"), ("user.bytes", b"\0\xff"), ("user.empty", b"")):
        if chance.random() < 0.2:
            os.setxattr(path, name, value)
    path.chmod(chance.choice(MODES if os.geteuid() == 0 else MODES[:-1]))
    if chance.random() < 0.2 and os.geteuid() == 0:
        os.setxattr(path, ACL, acl(chance))


def link_some(root: Path, chance: random.Random) -> None:
    """Give some files second names."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    for number, path in enumerate(chance.sample(files, min(2, len(files)))):
        (root / f"another name {number}").hardlink_to(path)


def mutate(root: Path, chance: random.Random) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        if chance.random() < 0.3:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        elif chance.random() < 0.3 and path.is_file() and not path.is_symlink():
            dress(path, chance)
    for name in chance.sample(NAMES, 3):
        path = root / os.fsdecode(name)
        if not os.path.lexists(path):
            path.mkdir()
            fill(path, chance, 10)


def picture(root: Path) -> dict[str, Any]:
    """All that is to come back, told by the system itself."""
    found: dict[str, Any] = {}
    inodes: dict[int, str] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        about: list[Any] = [stat.S_IFMT(status.st_mode)]
        if path.is_symlink():
            about.append(os.fsencode(path.readlink()))
        else:
            xattrs = {name: os.getxattr(path, name) for name in os.listxattr(path)}
            about += [status.st_mode, status.st_uid, status.st_gid, xattrs]
        if stat.S_ISREG(status.st_mode):
            first = inodes.setdefault(status.st_ino, str(path))
            about += [path.read_bytes(), status.st_mtime_ns, first]
        found[str(path.relative_to(root))] = about
    return found


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
def test_a_tree_with_everything_comes_back_and_so_does_what_it_was_before(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder, tree, copy = Path(name), Path(name, "tree"), Path(name, "copy")
        monkeypatch.setenv("HOME", name)
        monkeypatch.setenv("XDG_CONFIG_HOME", name)
        (folder / "snapstore.toml").write_text(TOML)
        ws = open_workspace(config.load(folder / "snapstore.toml", {}), create=True)
        tree.mkdir()
        fill(tree, chance)
        link_some(tree, chance)
        subprocess.run(["cp", "-a", str(tree), str(copy)], check=True)
        seen, taken = picture(tree), take(ws, "first")
        mutate(tree, chance)
        other, changed = picture(tree), live(ws).tree
        result = restore(ws, taken.commit, Scope(), PlanOptions(), (), None)
        assert result.verified and result.mismatches == []
        assert (picture(tree), live(ws).tree) == (seen, taken.tree)
        subprocess.run(["diff", "-r", "--no-dereference", str(tree), str(copy)], check=True)
        if result.plan.actions:
            assert undo(ws, PlanOptions(), (), None).verified
            assert (picture(tree), live(ws).tree) == (other, changed)
        subprocess.run(["git", "-C", str(ws.store.path), "fsck", "--full", "--strict"], check=True)
        assert ws.store.check() == []


# Killed


@pytest.fixture
def project(snap: Snap) -> Snap:
    snap.configure(TOML)
    (snap.root / "tree").mkdir()
    write(snap, 0)
    snap("take", code=0)
    return snap


def write(snap: Snap, number: int) -> None:
    """Small files in many folders and a large one, each of which says which time it is of."""
    for place in range(300):
        path = snap.root / f"tree/{place % 20}/{place}.js"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number} " * (1 + place))
    (snap.root / "tree/large.bin").write_bytes(f"{number:08}".encode() * (LIMIT // 4))


def times(snap: Snap) -> set[int]:
    """Of which times the files are; fails where one is not whole."""
    found = set()
    for path in (snap.root / "tree").rglob("*.js"):
        words = path.read_text().split()
        assert len(words) == 1 + int(path.stem) and len(set(words)) == 1, path
        found.add(int(words[0]))
    large = (snap.root / "tree/large.bin").read_bytes()
    assert large == large[:8] * (LIMIT // 4)
    return found | {int(large[:8])}


def killed_while(snap: Snap, chance: random.Random, *words: str) -> None:
    """Run it, and kill it at a random moment, with all that it has started."""
    process = subprocess.Popen(
        snap.command(*words),
        cwd=snap.root,
        env=snap.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(chance.uniform(0.1, 1.0))
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_takes_killed_at_any_moment_leave_a_sound_store(project: Snap) -> None:
    for number in range(1, KILLS + 1):
        write(project, number)
        killed_while(project, random.Random(number), "take")
        done = project("doctor", "--json").json
        assert [found for found in done["findings"] if "harmless" not in found["text"]] == []
        project("take", "-q", code=0)
        assert project("status", code=0)
    project("gc", code=0)
    project("restore", f"HEAD~{KILLS}", "--yes", code=0)
    assert times(project) == {0}


def test_restores_killed_at_any_moment_leave_each_file_whole_and_are_completed(project: Snap) -> None:
    write(project, 1)
    new = project("take", "--json", code=0).json["commit"]
    old = project("log", "--json", code=0).json["commits"][-1]["commit"]
    for number in range(KILLS):
        chance = random.Random(number)
        target, here = (old, new) if number % 2 == 0 else (new, old)
        killed_while(project, chance, "restore", target, "--yes")
        assert times(project) <= {0, 1}
        resumed = project("restore", "--resume", "--yes")
        if resumed.code:  # it had not begun, or was done
            project("restore", target, "--yes", code=0)
        assert times(project) == {0 if target == old else 1}
        assert list(project.root.rglob(".snap-*")) == []
        assert here


# Where nothing can be written


@pytest.fixture
def small_disk(snap: Snap) -> Iterator[Path]:
    folder = snap.root / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    snap.configure(f'[store]\npath = "disk/store"\n{TOML}')
    (snap.root / "tree").mkdir()
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_full_for_a_large_file_is_one_clear_error(snap: Snap, small_disk: Path) -> None:
    (snap.root / "tree/a").write_text("a")
    first = snap("take", "--json", code=0).json["commit"]
    (snap.root / "tree/large").write_bytes(bytes(5_000_000))
    done = snap("take", code=1)
    assert "No space left on device" in done.stderr and "free some space" in done.stderr
    assert list(small_disk.rglob("tmp_*")) == []
    assert snap("log", "--json", code=0).json["commits"][0]["commit"] == first
    snap("doctor", code=0)
    (snap.root / "tree/large").unlink()
    (snap.root / "tree/a").write_text("b")
    snap("take", code=0)


def test_a_store_that_is_read_only_is_read_and_says_what_it_cannot_do(snap: Snap, small_disk: Path) -> None:
    (snap.root / "tree/a").write_text("a\n")
    (snap.root / "tree/large").write_bytes(bytes(LIMIT))
    snap("take", code=0)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    (snap.root / "tree/a").write_text("b\n")
    assert "+b" in snap("diff", code=0).stdout
    snap("status", code=2)
    assert len(snap("show", "HEAD:site/files/large", code=0).stdout) == LIMIT
    snap("doctor", code=0)
    for words in (["take"], ["gc"], ["plan", "HEAD", "-o", "x.plan"], ["restore", "HEAD", "--yes"]):
        done = snap(*words, code=1)
        assert "read-only" in done.stderr.lower() and "Traceback" not in done.stderr, words
    assert (snap.root / "tree/a").read_text() == "b\n"
