"""What is left when a process dies, or the disk is full, at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from snapstore.errors import Exit, SnapError
from snapstore.store import Store, locks, open_store
from tests.store.making import assert_clean, contents, git, state, take, text

TAKER = """
import sys, random
from pathlib import Path
from snapstore.store import open_store
from tests.store.making import state, text
store = open_store(Path(sys.argv[1]))
chance = random.Random(int(sys.argv[2]))
print("ready", flush=True)
for number in range(1000):
    given = [text(f"{n}", chance.randbytes(400).hex()) for n in range(60)]
    store.commit(store.build({"a": state(*given, n=number)}, keep=True), f"take {number}")
"""

DIES_AT_ITS_LOCK = """
import os, signal, sys
from pathlib import Path
from snapstore.store import refs
os.fchmod = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
print("started", flush=True)
refs.Refs(Path(sys.argv[1])).move("refs/heads/main", None, "0" * 40, "", "")
"""

HOLDER = """
import sys
from pathlib import Path
from snapstore.store import open_store
with open_store(Path(sys.argv[1])).lock("restore to HEAD~1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def start(script: str, *args: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, args)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_take_killed_at_any_moment_leaves_a_sound_store(store: Store) -> None:
    take(store, a=state(text("first")))
    for number in range(12):
        process = start(TAKER, store.path, number)
        time.sleep(0.02 + number * 0.011)
        kill(process)
        again = open_store(store.path)
        assert [notice for notice in again.check() if "harmless" not in notice.text] == []
        for info in again.log(limit=2):
            assert contents(again.snapshot(info.commit))
        assert take(again, a=state(text("after", str(number))))
    git(store, "fsck", "--full", "--strict")
    assert open_store(store.path).resolve(f"HEAD~{12}")


def test_a_lock_left_the_moment_it_was_made_stops_nobody(store: Store) -> None:
    take(store, a=state(text("first")))
    start(DIES_AT_ITS_LOCK, store.path).communicate()
    assert (store.path / "refs/heads/main.lock").exists()
    assert take(store, a=state(text("second")))


class TestLock:
    def test_a_second_process_is_told_who_holds_it(self, store: Store) -> None:
        process = start(HOLDER, store.path)
        try:
            held = f"process {process.pid} on .* since .*restore to HEAD~1"
            with pytest.raises(SnapError, match=held) as caught:
                store.lock("another").__enter__()
            assert caught.value.code is Exit.LOCKED
        finally:
            kill(process)

    def test_it_ends_with_a_holder_that_was_killed(self, store: Store) -> None:
        kill(start(HOLDER, store.path))
        with store.lock("next"):
            note = json.loads(store.workspace("lock").read_text())
            assert (note["pid"], note["purpose"]) == (os.getpid(), "next")

    def test_it_is_free_after_an_error_inside(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError), store.lock("first"):
            raise ZeroDivisionError
        with store.lock("second"):
            pass

    def test_it_does_not_keep_the_holder_itself_from_taking(self, store: Store) -> None:
        with store.lock("restore"):
            assert take(store, a=state(text("x")))

    def test_a_child_of_the_holder_does_not_keep_it(self, store: Store) -> None:
        with store.lock("restore"):
            child = subprocess.Popen(["sleep", "30"], close_fds=False)
        try:
            with store.lock("again"):
                pass
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()

    def test_garbage_in_the_note_does_not_matter(self, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "lock"
        with locks.exclusive(path, "first"):
            path.write_bytes(b"\xff\x00garbage")
            with pytest.raises(SnapError, match="another process"), locks.exclusive(path, "second"):
                pass


LIMITED = """
import resource, signal, sys
from pathlib import Path
from snapstore.errors import SnapError
from snapstore.store import open_store
from tests.store.making import state, text
store = open_store(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    snapshot = store.build({"a": state(text("big", sys.argv[3] * 40_000))}, keep=True)
    store.commit(snapshot, "too big" * int(sys.argv[4]))
except SnapError as error:
    print(error)
    sys.exit(7)
"""


@pytest.mark.parametrize(("limit", "message"), [(100, 1), (300, 1), (1000, 1), (4000, 1000)])
def test_a_write_that_fails_is_one_clear_error_and_changes_nothing(
    store: Store, limit: int, message: int
) -> None:
    take(store, a=state(text("x")))
    head, names = store.head(), sorted(path.name for path in (store.path / "objects/pack").iterdir())
    filler = os.urandom(50).hex()
    args = [sys.executable, "-c", LIMITED, str(store.path), str(limit), filler, str(message)]
    done = subprocess.run(args, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert "the store cannot be written: File too large" in done.stdout
    assert "ulimit" in done.stdout
    assert store.head() == head
    left = sorted(path.name for path in (store.path / "objects/pack").iterdir())
    assert left == names or limit == 4000
    assert_clean_but_for_what_nothing_needs(store)


def assert_clean_but_for_what_nothing_needs(store: Store) -> None:
    assert open_store(store.path).check() == []
    git(store, "fsck", "--full", "--strict")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB, where that can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_one_clear_error_and_changes_nothing(small_disk: Path) -> None:
    from snapstore.store import create

    store = create(small_disk / "store")
    take(store, a=state(text("x")))
    head = store.head()
    with pytest.raises(SnapError, match="No space left on device") as caught:
        take(store, a=state(text("big", os.urandom(400_000).hex())))
    assert "free some space" in caught.value.fix
    assert store.head() == head
    assert list((store.path / "objects/pack").glob("tmp_*")) == []
    assert_clean(store)
    assert take(store, a=state(text("small")))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_without_write_permission_is_one_clear_error(store: Store) -> None:
    (store.path / "objects/pack").chmod(0o500)
    with pytest.raises(SnapError, match="Permission denied") as caught:
        take(store, a=state(text("x")))
    assert "permission" in caught.value.fix
