from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.store import Store, open_store
from tests.store.making import assert_clean, git, state, take, text

SPAWN = multiprocessing.get_context("spawn")


def test_an_equal_tree_makes_no_commit_unless_it_is_asked_for(store: Store) -> None:
    first = take(store, a=state(text("x")))
    snapshot = store.build({"a": state(text("x"))}, keep=True)
    assert store.commit(snapshot, "again") is None
    assert store.head() == first
    forced = store.commit(snapshot, "again", force_new=True)
    assert store.head() == forced
    assert git(store, "rev-parse", f"{forced}^").strip() == first


def test_git_reads_message_trailers_and_identity(store: Store) -> None:
    snapshot = store.build({"a": state(text("x"))}, keep=True)
    commit = store.commit(snapshot, "before 2.4\n\nWhy: not a trailer", trailers={"Snapstore-Version": "0.1"})
    assert git(store, "log", "-1", "--format=%H|%an <%ae>|%s|%(trailers:only)").strip() == (
        f"{commit}|Ada <ada@example.org>|before 2.4|Snapstore-Version: 0.1"
    )
    (info,) = store.log()
    assert (info.message, dict(info.trailers)) == (
        "before 2.4\n\nWhy: not a trailer",
        {"Snapstore-Version": "0.1"},
    )


def test_a_trailer_cannot_forge_another_and_a_message_no_header(store: Store) -> None:
    snapshot = store.build({"a": state(text("x"))}, keep=True)
    store.commit(snapshot, "x\ntree 123\0\n\n", trailers={"A": "1\nB: 2"})
    (info,) = store.log()
    assert dict(info.trailers) == {"A": "1 B: 2"}
    assert_clean(store)


@pytest.mark.parametrize("message", ["", " \n", "\0"])
def test_a_message_without_words_becomes_one(store: Store, message: str) -> None:
    store.commit(store.build({"a": state(text("x"))}, keep=True), message)
    assert git(store, "log", "-1", "--format=%s").strip() == "Snapshot"


def test_without_any_configuration_the_committer_is_the_user(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("NAME", "EMAIL"):
        monkeypatch.delenv(f"GIT_AUTHOR_{name}")
        monkeypatch.delenv(f"GIT_COMMITTER_{name}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "deploy")
    take(store, a=state(text("x")))
    assert git(store, "log", "-1", "--format=%cn <%ce>").strip() == "snapstore <deploy>"
    assert_clean(store)
    git(store, "config", "user.name", "Grace <Hopper>")
    git(store, "config", "user.email", "grace@example.org")
    take(store, a=state(text("y")))
    assert git(store, "log", "-1", "--format=%cn <%ce>").strip() == "Grace Hopper <grace@example.org>"
    assert_clean(store)


def test_the_time_is_now_in_the_local_zone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        take(store, a=state(text("x")))
        assert git(store, "log", "-1", "--format=%ci").strip().endswith("+0530")
        assert next(store.log()).tz == 330
    finally:
        monkeypatch.undo()
        time.tzset()


def test_hints_are_a_note_that_git_shows_and_are_no_part_of_the_tree(store: Store) -> None:
    plain = store.build({"a": state(text("x"))}, keep=True)
    hinted = store.build({"a": state(text("x"), rows={"users": 12})}, keep=True)
    assert plain.tree == hinted.tree
    commit = str(store.commit(hinted, "take"))
    assert json.loads(git(store, "notes", "--ref=snapstore", "show", commit)) == {
        "a": {"rows": {"users": 12}}
    }
    assert store.snapshot(commit).hints == {"a": {"rows": {"users": 12}}}
    assert_clean(store)


def test_hints_stay_readable_when_git_has_arranged_the_notes_itself(store: Store) -> None:
    commits = [take(store, a=state(text("x", str(number)), n=number)) for number in range(4)]
    git(store, "notes", "--ref=snapstore", "add", "-m", '{"a": {"n": 99}}', "-f", str(commits[0]))
    found = [store.snapshot(str(commit)).hints["a"]["n"] for commit in commits]
    assert found == [99, 1, 2, 3]
    take(store, a=state(text("x", "last"), n=5))
    assert [store.snapshot(str(commit)).hints["a"]["n"] for commit in commits] == [99, 1, 2, 3]


def test_another_ref_can_be_committed_to_and_leaves_the_branch_alone(store: Store) -> None:
    take(store, a=state(text("x")))
    head = store.head()
    snapshot = store.build({"a": state(text("y"))}, keep=True)
    safety = store.commit(snapshot, "before restore", ref="refs/snapstore/safety/20261122-101500")
    assert store.head() == head
    assert store.refs("refs/snapstore/safety/") == {"refs/snapstore/safety/20261122-101500": safety}
    assert store.resolve("safety/20261122-101500") == safety


def test_a_detached_head_is_refused_with_what_to_do(store: Store) -> None:
    commit = take(store, a=state(text("x")))
    (store.path / "HEAD").write_text(f"{commit}\n")
    with pytest.raises(SnapError, match="can be committed") as caught:
        take(open_store(store.path), a=state(text("y")))
    assert "symbolic-ref" in caught.value.fix


def test_the_log_is_newest_first_with_refs_and_a_limit(store: Store) -> None:
    commits = [take(store, f"take {number}", a=state(text("x", str(number)))) for number in range(5)]
    git(store, "tag", "-a", "v1", "-m", "one", str(commits[1]))
    infos = list(store.log())
    assert [info.commit for info in infos] == commits[::-1]
    assert [info.message for info in store.log(limit=2)] == ["take 4", "take 3"]
    assert infos[0].refs == ("refs/heads/main",)
    assert infos[3].refs == ("refs/tags/v1",)
    assert [info.commit for info in store.log("v1")] == commits[1::-1]


def test_the_reflog_is_one_that_git_reads(store: Store) -> None:
    for number in range(3):
        take(store, f"take {number}", a=state(text("x", str(number))))
    for ref in ("HEAD", "main"):
        shown = git(store, "reflog", "show", ref, "--format=%gs").split("\n")
        assert shown == ["take: take 2", "take: take 1", "take: take 0", ""]


def _take_many(path: str, worker: int, count: int) -> None:
    store = open_store(Path(path))
    for number in range(count):
        content = text(f"{worker}", f"{worker} {number}")
        store.commit(
            store.build({"a": state(content, text("same", str(number)), n=number)}, keep=True),
            f"{worker}-{number}",
        )


def test_concurrent_takes_lose_nothing(store: Store) -> None:
    workers = [SPAWN.Process(target=_take_many, args=(str(store.path), number, 8)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    messages = [info.message for info in open_store(store.path).log()]
    assert sorted(messages) == sorted(f"{worker}-{number}" for worker in range(4) for number in range(8))
    assert len(git(store, "notes", "--ref=snapstore", "list").splitlines()) == 32
    assert_clean(store)


def test_a_push_by_git_between_takes_is_not_lost(store: Store, tmp_path: Path) -> None:
    take(store, a=state(text("x")))
    opened = open_store(store.path)
    git(store, "clone", "-q", str(store.path), str(tmp_path / "clone"))
    clone = tmp_path / "clone"
    git(clone, "commit", "-q", "--allow-empty", "-m", "by git")
    git(clone, "push", "-q")
    take(opened, "by snap", a=state(text("y")))
    assert [info.message for info in opened.log()] == ["by snap", "by git", "take"]


def test_a_lock_file_of_a_killed_git_is_taken_over(store: Store) -> None:
    lock = store.path / "refs/heads/main.lock"
    lock.write_text("")
    os.utime(lock, (1, 1))
    assert take(store, a=state(text("x"))) == store.head()
    assert not lock.exists()


def test_a_fresh_lock_file_of_git_is_respected(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snapstore.store.refs._WAIT", 0.05)
    lock = store.path / "refs/heads/main.lock"
    lock.write_text("")
    with pytest.raises(SnapError, match="locked") as caught:
        take(store, a=state(text("x")))
    assert caught.value.where == str(lock)
    assert lock.exists()
    assert store.head() is None


def test_git_can_commit_into_the_store_and_repack_it(store: Store, tmp_path: Path) -> None:
    commits = [take(store, a=state(text("x", "line\n" * 500 + str(number)), n=number)) for number in range(5)]
    subprocess.run(["git", "-C", str(store.path), "gc", "-q", "--prune=now"], check=True)
    opened = open_store(store.path)
    assert [info.commit for info in opened.log()] == commits[::-1]
    assert (store.path / "packed-refs").exists()
    for number, commit in enumerate(commits):
        snapshot = opened.snapshot(str(commit))
        assert snapshot.hints == {"a": {"n": number}}
    take(opened, a=state(text("x", "new")))
    assert_clean(opened)
