"""safewrite: atomic changes, and none of them outside the folder."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore import paths, safewrite
from snapstore.errors import SnapError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "precious").write_bytes(b"keep me")
    return folder


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def let_everybody_in(folder: Path) -> None:
    for parent in folder.parents:
        if parent.stat().st_mode & 0o055 != 0o055:
            parent.chmod(parent.stat().st_mode | 0o055)


def leftovers(root: Path) -> list[str]:
    return [name for _, _, names in os.walk(root) for name in names if safewrite.is_temporary(name)]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o664, 0o400, 0o4755])
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_file_has_exactly_the_mode_asked_for_whatever_the_umask(root: Path, mode: int, umask: int) -> None:
    before = os.umask(umask)
    try:
        safewrite.replace(root, "deep/er/file", [b"a", b"b"], mode)
    finally:
        os.umask(before)
    assert (root / "deep/er/file").read_bytes() == b"ab"
    assert mode_of(root / "deep/er/file") == mode
    assert mode_of(root / "deep") == mode_of(root / "deep/er") == 0o755


def test_a_file_has_its_final_mode_before_its_first_byte(root: Path) -> None:
    seen = []

    def data() -> Iterator[bytes]:
        (temporary,) = (entry for entry in root.iterdir() if safewrite.is_temporary(entry.name))
        seen.append((mode_of(temporary), temporary.stat().st_size))
        yield b"secret"

    safewrite.replace(root, "env", data(), 0o640)
    assert seen == [(0o640, 0)]


def test_a_reader_that_has_the_old_file_open_keeps_the_old_content(root: Path) -> None:
    safewrite.replace(root, "file", [b"old"], 0o644)
    with (root / "file").open("rb") as reader:
        safewrite.replace(root, "file", [b"newer"], 0o644)
        assert reader.read() == b"old"


@pytest.mark.parametrize(
    "bad", ["", ".", "..", "/etc/passwd", "a/../b", "../x", "a//b", "a/", "./a", "a\0b", "a/.", "\ud800"]
)
def test_a_path_that_could_lead_elsewhere_is_refused(root: Path, bad: str) -> None:
    for change in (
        lambda: safewrite.replace(root, bad, [b"x"], 0o644),
        lambda: safewrite.remove(root, bad),
        lambda: safewrite.symlink(root, bad, b"x"),
        lambda: safewrite.discard(root, bad),
    ):
        with pytest.raises(SnapError, match="not a path below the folder"):
            change()
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("bad", ["", "..", "/tmp", "a/../b"])
def test_a_folder_that_could_be_elsewhere_is_refused(root: Path, bad: str) -> None:
    for change in (
        lambda: safewrite.make_directory(root, bad, 0o777),
        lambda: safewrite.remove_directory(root, bad),
        lambda: safewrite.set_mode(root, bad, 0o777),
    ):
        with pytest.raises(SnapError, match="not a path below the folder"):
            change()


@pytest.mark.parametrize("via", ["link/precious", "link/new", "link/deep/new", "real/link/new"])
def test_no_change_goes_through_a_link_that_leads_outside(root: Path, outside: Path, via: str) -> None:
    (root / "real").mkdir()
    (root / "link").symlink_to(outside)
    (root / "real/link").symlink_to("../../outside")
    for change in (
        lambda: safewrite.replace(root, via, [b"x"], 0o644),
        lambda: safewrite.symlink(root, via, b"x"),
        lambda: safewrite.make_directory(root, via, 0o777),
        lambda: safewrite.set_mode(root, via, 0o777),
    ):
        with pytest.raises(SnapError, match="symbolic link"):
            change()
    safewrite.remove(root, via)
    safewrite.remove_directory(root, via)
    assert [entry.name for entry in outside.iterdir()] == ["precious"]
    assert (outside / "precious").read_bytes() == b"keep me"


def test_a_link_is_replaced_or_removed_itself_never_what_it_leads_to(root: Path, outside: Path) -> None:
    for name in ("a", "b"):
        (root / name).symlink_to(outside / "precious")
    safewrite.replace(root, "a", [b"mine"], 0o600)
    safewrite.remove(root, "b")
    assert (root / "a").read_bytes() == b"mine" and not (root / "a").is_symlink()
    assert (outside / "precious").read_bytes() == b"keep me"
    with pytest.raises(SnapError, match="symbolic link"):
        (root / "c").symlink_to(outside / "precious")
        safewrite.set_mode(root, "c", 0o777)
    assert mode_of(outside / "precious") == 0o644


def test_the_root_itself_may_be_a_link(tmp_path: Path, root: Path) -> None:
    (tmp_path / "current").symlink_to(root)
    safewrite.replace(tmp_path / "current", "a/b", [b"x"], 0o644)
    assert (root / "a/b").read_bytes() == b"x"


@pytest.mark.parametrize("target", [b"/nowhere/at all", b"../../..", b"\xff\xfe", b"-rf", "é".encode()])
def test_a_link_gets_exactly_its_target(root: Path, target: bytes) -> None:
    (root / "file").write_bytes(b"")
    for name in ("new", "file", "new"):
        safewrite.symlink(root, name, target)
        assert os.fsencode((root / name).readlink()) == target


def test_removing_what_is_not_there_is_done_already(root: Path) -> None:
    safewrite.remove(root, "a/b/c")
    safewrite.discard(root, "a/b/c")
    safewrite.flush_folder(root, "a/b")
    assert safewrite.remove_directory(root, "a/b")
    assert safewrite.remove_directory(root / "none", ".")
    assert list(root.iterdir()) == []


def test_a_folder_goes_only_when_it_is_empty(root: Path) -> None:
    safewrite.replace(root, "a/b", [b""], 0o644)
    assert not safewrite.remove_directory(root, "a")
    safewrite.remove(root, "a")
    assert (root / "a/b").exists()
    safewrite.remove(root, "a/b")
    assert safewrite.remove_directory(root, "a")
    assert safewrite.remove_directory(root, ".")
    assert not root.exists()


def test_a_folder_gets_its_mode_whether_new_or_not(root: Path) -> None:
    for mode in (0o700, 0o2775, 0o755):
        safewrite.make_directory(root, "x/y", mode)
        assert mode_of(root / "x/y") == mode
    safewrite.make_directory(root / "far/away", ".", 0o750)
    assert mode_of(root / "far/away") == 0o750


def test_content_that_fails_half_way_leaves_the_old_file_and_no_temporary(root: Path) -> None:
    safewrite.replace(root, "file", [b"old"], 0o644)

    def data() -> Iterator[bytes]:
        yield b"new, but"
        raise SnapError("object is damaged")

    with pytest.raises(SnapError, match="damaged"):
        safewrite.replace(root, "file", data(), 0o644)
    assert (root / "file").read_bytes() == b"old"
    assert leftovers(root) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "read-only"),
        (errno.EDQUOT, "quota"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_the_system_refuses_is_one_clear_error(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    safewrite.replace(root, "file", [b"old"], 0o644)
    for call in ("fsync", "rename", "fchmod"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, refuse)
            with pytest.raises(SnapError, match=said) as caught:
                safewrite.replace(root, "file", [b"new"], 0o644)
        assert caught.value.where == f"{root}/file"
        assert leftovers(root) == []
    assert (root / "file").read_bytes() == b"old"


def test_a_full_disk_leaves_the_old_file_and_no_temporary(root: Path) -> None:
    """A file size limit of the process stands in for the disk: the write itself fails half-way."""
    script = f"""
import resource, signal
from pathlib import Path
from snapstore import safewrite
from snapstore.errors import SnapError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
root = Path({str(root)!r})
safewrite.replace(root, "file", [b"old"], 0o644)
try:
    safewrite.replace(root, "file", [b"x" * 8192] * 8, 0o644)
except SnapError as error:
    print(error.where)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == f"{root}/file"
    assert (root / "file").read_bytes() == b"old"
    assert leftovers(root) == []


def test_a_whole_tree_goes_but_not_what_its_links_lead_to(root: Path, outside: Path) -> None:
    safewrite.replace(root, "cache/a/b", [b""], 0o644)
    safewrite.symlink(root, "cache/out", os.fsencode(outside))
    safewrite.symlink(root, "link", os.fsencode(outside))
    for _ in range(2):
        safewrite.remove_tree(root, "cache")
        safewrite.remove_tree(root, "link")
        safewrite.remove_tree(root, "none/at/all")
    assert list(root.iterdir()) == []
    assert (outside / "precious").exists()


def test_what_a_killed_process_left_is_replaced_by_the_next_write(root: Path) -> None:
    safewrite.stage(root, "dir/file", [b"half"], 0o600)
    assert len(leftovers(root)) == 1
    assert not (root / "dir/file").exists()
    safewrite.replace(root, "dir/file", [b"whole"], 0o644)
    assert leftovers(root) == []
    assert (root / "dir/file").read_bytes() == b"whole"


def test_a_folder_with_nothing_but_left_over_temporaries_is_empty(root: Path) -> None:
    safewrite.stage(root, "dir/file", [b"half"], 0o600)
    assert safewrite.remove_directory(root, "dir")
    assert not (root / "dir").exists()


def test_staged_files_appear_only_when_published_and_can_be_discarded(root: Path) -> None:
    for name in ("a", "b"):
        safewrite.stage(root, name, [name.encode()], 0o644)
    safewrite.flush(root)
    safewrite.publish(root, "a")
    safewrite.discard(root, "b")
    assert [(entry.name, entry.read_bytes()) for entry in root.iterdir()] == [("a", b"a")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_restores_belongs_to_whom_it_belonged(root: Path) -> None:
    os.chown(root, 1234, 2345)
    safewrite.replace(root, "new/file", [b"x"], 0o600)
    safewrite.symlink(root, "link", b"file")
    for path in (root / "new", root / "new/file", root / "link"):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (1234, 2345)
    os.chown(root / "new/file", 77, 78)
    safewrite.replace(root, "new/file", [b"y"], 0o4755)
    assert (root / "new/file").stat().st_uid == 77
    assert mode_of(root / "new/file") == 0o4755


@pytest.mark.skipif(os.geteuid() != 0, reason="starts as root to become somebody without its powers")
def test_a_read_only_folder_of_ones_own_is_restored_and_stays_read_only(root: Path) -> None:
    script = f"""
import os
from pathlib import Path
from snapstore import safewrite
os.setgroups([]); os.setgid(65534); os.setuid(65534)
root = Path({str(root)!r})
safewrite.replace(root, "ro/file", [b"new"], 0o444)
safewrite.remove(root, "ro/gone")
safewrite.make_directory(root, "ro/sub", 0o500)
"""
    (root / "ro").mkdir()
    (root / "ro/gone").touch()
    for path in (root, root / "ro", root / "ro/gone"):
        os.chown(path, 65534, 65534)
    let_everybody_in(root)
    (root / "ro").chmod(0o555)
    subprocess.run([sys.executable, "-c", script], check=True, cwd="/")
    assert mode_of(root / "ro") == 0o555
    assert sorted(entry.name for entry in (root / "ro").iterdir()) == ["file", "sub"]


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_every_name_has_a_text_that_leads_back_to_it(name: bytes) -> None:
    path = paths.from_bytes(name)
    text = paths.to_text(path)
    assert text.encode("utf-8") and not any(ord(character) < 32 for character in text)
    assert paths.from_text(text) == path
    assert paths.to_bytes(path) == name


def test_ordinary_names_are_their_own_text() -> None:
    for name in ("static/naïve file.js", "[slug]/页面.tsx", "-rf", " "):
        assert paths.to_text(name) == name
    assert paths.to_text("50%\udcff\n") == "50%25%FF%0A"
