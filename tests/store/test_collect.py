"""Collecting: fewer packs, nothing lost that anything needs, whatever else goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from snapstore.errors import Exit, SnapError
from snapstore.large import LargeSettings
from snapstore.store import ResourceState, Store, collect, create, locks, open_store
from snapstore.store.packs import Packs, _names
from tests.store.making import assert_clean, contents, document, git, state, take, text

TAKER = """
import sys, random
from pathlib import Path
from snapstore.store import open_store
from tests.store.making import state, text
chance = random.Random(int(sys.argv[2]))
print("ready", flush=True)
for number in range(10_000):
    store = open_store(Path(sys.argv[1]), sys.argv[3])
    given = [text(f"{n}", chance.choice(["one", "two", "three"]) * 400) for n in range(20)]
    store.commit(store.build({"a": state(*given, n=number)}, keep=True), f"take {number}")
"""
COLLECTOR = """
import sys
from pathlib import Path
from snapstore.store import collect, open_store
collect.YOUNG = -1
print("ready", flush=True)
while True:
    getattr(open_store(Path(sys.argv[1])), sys.argv[2])()
"""


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "YOUNG", -1)


@pytest.fixture(params=["with git", "without git"])
def git_or_not(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without git":
        monkeypatch.setattr(shutil, "which", lambda name: None)


def fill(store: Store, number: int) -> dict[str, dict[str, tuple[int, bytes]]]:
    """That many snapshots, and what is in each."""
    chance = random.Random(number)
    lines = [f"line {chance.random()}" for _ in range(300)]
    found = {}
    for n in range(number):
        lines[chance.randrange(300)] = f"changed in {n}"
        given = [text(f"folder/{k}", "\n".join(lines) + str(k)) for k in range(20)]
        commit = str(take(store, str(n), a=state(*given, documents=[document("d.json", n=n)], n=n)))
        found[commit] = contents(store.snapshot(commit))
    return found


def packs(store: Store) -> list[str]:
    return sorted(path.name for path in (store.path / "objects/pack").glob("*.pack"))


@pytest.mark.usefixtures("git_or_not")
def test_all_snapshots_are_in_one_pack_and_read_as_before(store: Store) -> None:
    truth = fill(store, 12)
    done = store.collect()
    assert done.before.packs == 12 and (done.after.packs, done.after.loose) == (1, 0)
    for again in (store, open_store(store.path)):
        assert {commit: contents(again.snapshot(commit)) for commit in truth} == truth
        assert again.snapshot(next(iter(truth))).hints == {"a": {"n": 0}}
    assert_clean(store)
    names = packs(store)
    store.collect()
    assert packs(store) == names
    assert take(store, a=state(text("after")))


def test_deltas_make_it_much_smaller(store: Store) -> None:
    fill(store, 12)
    done = store.collect()
    assert done.after.bytes * 4 < done.before.bytes


def test_what_a_file_was_before_is_a_delta_whatever_else_is_as_large(store: Store) -> None:
    chance = random.Random(5)
    old = {f"a/{n}": chance.randbytes(4000 + 10 * n).hex() for n in range(60)}
    new = {path: content + chance.randbytes(chance.randrange(400)).hex() for path, content in old.items()}
    for files in (old, new):
        take(store, a=state(*(text(path, content) for path, content in files.items())))
    done = store.collect()
    assert done.after.bytes < 0.65 * done.before.bytes
    assert_clean(store)


def test_what_takes_deflated_in_haste_is_deflated_well_but_not_for_a_few_of_many(store: Store) -> None:
    chance = random.Random(3)
    words = [f"word{n}" for n in range(50)]

    def some(count: int, name: str) -> ResourceState:
        return state(*(text(f"{name}{n}", " ".join(chance.choices(words, k=900))) for n in range(count)))

    take(store, a=some(60, "a"))
    done = store.collect()
    assert done.after.bytes < 0.9 * done.before.bytes
    names = packs(store)
    store.collect()
    assert packs(store) == names
    take(store, b=some(2, "b"))
    few = store.collect()
    assert few.after.packs == 1
    assert abs(few.after.bytes - few.before.bytes) < 0.02 * few.before.bytes
    assert_clean(store)


def test_a_store_that_git_itself_has_packed_is_read_without_dulwich(store: Store) -> None:
    truth = fill(store, 6)
    git(store, "repack", "-adfq", "--depth=50", "--window=50")
    git(store, "config", "repack.useDeltaBaseOffset", "false")
    script = """
import sys
from pathlib import Path
from snapstore.store import open_store
from tests.store.making import contents
store = open_store(Path(sys.argv[1]))
for commit in sys.argv[2:]:
    contents(store.snapshot(commit))
assert "dulwich" not in sys.modules
"""
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script, str(store.path), *truth], check=True)
        again = open_store(store.path)
        assert {commit: contents(again.snapshot(commit)) for commit in truth} == truth
        git(store, "repack", "-adfq", "--depth=50")


@pytest.mark.usefixtures("git_or_not")
def test_what_a_branch_a_tag_a_safety_snapshot_or_a_reflog_needs_stays(store: Store) -> None:
    take(store, a=state(text("first")))
    kept = {"branch": "refs/heads/other", "tag": "refs/tags/v1", "safety": "refs/snapstore/safety/1"}
    commits = {
        name: str(store.commit(store.build({"a": state(text(name))}, keep=True), name, ref=ref))
        for name, ref in kept.items()
    }
    commits["reflog"] = str(take(store, a=state(text("reflog"))))
    git(store, "update-ref", "-m", "back", "refs/heads/main", f"{commits['reflog']}~1")
    git(store, "tag", "-a", "-m", "annotated", "v2", commits["branch"])
    lost = open_store(store.path).build({"a": state(text("never committed"))}, keep=True)
    store.collect()
    for name, commit in commits.items():
        assert list(contents(open_store(store.path).snapshot(commit))) == [name]
    assert not open_store(store.path).has(lost.tree)
    git(store, "fsck", "--full", "--strict")


def test_a_dry_run_changes_nothing(store: Store) -> None:
    fill(store, 3)
    before = packs(store)
    done = store.collect(dry=True)
    assert done.before == done.after and packs(store) == before


def test_consolidating_brings_small_packs_together_and_keeps_all(store: Store) -> None:
    truth = fill(store, 8)
    lost = store.build({"a": state(text("never committed"))}, keep=True)
    assert store.consolidate()
    assert len(packs(store)) == 1 and store.has(lost.tree)
    assert {commit: contents(open_store(store.path).snapshot(commit)) for commit in truth} == truth
    git(store, "fsck", "--full", "--strict")
    assert not store.consolidate()


def test_a_pack_that_somebody_else_has_just_brought_into_another_does_not_count(store: Store) -> None:
    fill(store, 4)
    reader = open_store(store.path)
    assert reader.log()
    store.collect()
    reader.consolidate_soon()


def test_a_take_that_finds_many_packs_has_them_brought_together_by_somebody_else(store: Store) -> None:
    for number in range(50):
        take(store, a=state(text(f"{number}")))
    store.consolidate_soon()
    deadline = time.monotonic() + 60
    while store.space()[:2] != (1, 0):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert_clean(store)


def test_who_reads_on_finds_what_has_moved_to_another_pack(store: Store) -> None:
    truth = fill(store, 4)
    reader = open_store(store.path)
    assert reader.log()
    store.collect()
    assert {commit: contents(reader.snapshot(commit)) for commit in truth} == truth


def test_who_looks_for_a_snapshot_finds_it_though_it_came_and_moved_behind_its_back(store: Store) -> None:
    """Its id is looked for as the beginning of one."""
    reader = open_store(store.path)
    commits = list(fill(store, 3))
    store.consolidate()
    assert reader.resolve(commits[-1]) == commits[-1]


def test_packs_that_go_while_one_looks_are_looked_for_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = list(fill(store, 3))
    meddling = [store.consolidate]

    def meddled(folder: Path) -> set[str]:
        found = _names(folder)
        if meddling:
            meddling.pop()()
        return found

    monkeypatch.setattr("snapstore.store.packs._names", meddled)
    found = Packs(store.path / "objects/pack")
    assert not meddling
    assert all(bytes.fromhex(commit) in found for commit in commits)


def test_damage_stops_it_before_anything_is_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    fill(store, 3)
    path = store.path / "objects/pack" / packs(store)[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    before = packs(store)
    for run in (store.collect, store.consolidate):
        with pytest.raises(SnapError, match="damaged"):
            run()
        assert packs(store) == before


def test_only_one_collects_and_it_says_who(store: Store) -> None:
    fill(store, 2)
    with locks.collecting(store.path), pytest.raises(SnapError, match="locked by process") as caught:
        open_store(store.path).collect()
    assert caught.value.code is Exit.LOCKED


def test_objects_that_are_about_to_be_needed_are_not_removed(store: Store) -> None:
    fill(store, 2)
    other = open_store(store.path)
    snapshot = other.build({"a": state(text("soon"))}, keep=True)
    with pytest.raises(SnapError, match="other snap processes") as caught, locks.alone(store.path, 0.1):
        pass
    assert caught.value.code is Exit.LOCKED
    other.commit(snapshot, "made")
    store.collect()
    assert list(contents(open_store(store.path).snapshot(other.resolve("HEAD")))) == ["soon"]


def start(script: str, *args: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None and process.stdout.readline()
    return process


ROUNDS = int(os.environ.get("SNAPSTORE_GC_ROUNDS", "4"))


@pytest.mark.parametrize("way", ["collect", "consolidate"])
def test_takes_and_collections_at_once_killed_at_any_moment_lose_nothing(store: Store, way: str) -> None:
    take(store, a=state(text("first")))
    seen = ""
    for number in range(ROUNDS):
        working = [
            start(TAKER, store.path, number, "main"),
            start(TAKER, store.path, number, "other"),
            start(COLLECTOR, store.path, way),
        ]
        time.sleep(0.8 + number * 0.07)
        for process in working:
            process.send_signal(signal.SIGKILL)
        for process in working:
            process.communicate()
        again = open_store(store.path)
        assert [notice for notice in again.check() if "harmless" not in notice.text] == []
        assert not seen or again.contains(again.resolve("HEAD"), seen)
        seen = again.resolve("HEAD")
    for info in again.log():
        assert contents(again.snapshot(info.commit))
    store.collect()
    git(store, "fsck", "--full", "--strict")


def test_large_files_go_with_the_last_snapshot_that_needs_them(tmp_path: Path) -> None:
    store = create(tmp_path / "store", large=LargeSettings(1000))
    take(store, a=state(text("kept", "k" * 2000)))
    take(store, a=state(text("gone", "g" * 2000)))
    git(store, "update-ref", "refs/heads/main", "HEAD~1")
    assert store.collect().large == []
    shutil.rmtree(store.path / "logs")
    assert [held.size for held in store.collect(dry=True).large] == [2000]
    assert len(list(store.large.place.held())) == 2
    assert [held.size for held in store.collect().large] == [2000]
    assert contents(store.snapshot(store.resolve("HEAD"))) == {"kept": (0o100644, b"k" * 2000)}
    assert store.check() == []
