from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.store import Store, commits, open_store
from snapstore.store.revisions import parse_date
from tests.store.making import git, state, take, text

DAY = 86400
COUNT = 5


@pytest.fixture
def history(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One take a day, the last of them a minute ago; oldest first."""
    now, real = time.time(), commits.signature
    made = []
    for number in range(COUNT):
        when = now - 60 - (COUNT - 1 - number) * DAY
        monkeypatch.setattr(commits, "signature", lambda root, when=when: real(root, when))
        made.append(str(take(store, f"take {number}", a=state(text("x", str(number))))))
    monkeypatch.setattr(commits, "signature", real)
    git(store, "tag", "v1", made[1])
    git(store, "tag", "-a", "v2", "-m", "annotated", made[2])
    git(store, "branch", "staging", made[3])
    return made


REVISIONS = [
    *(
        "HEAD",
        "@",
        "main",
        "refs/heads/main",
        "heads/main",
        "staging",
        "v1",
        "v2",
        "tags/v2",
        "HEAD~",
        "HEAD~0",
    ),
    *("HEAD~1", "HEAD~4", "HEAD^", "HEAD^^", "HEAD~2^", "HEAD^1~1", "HEAD^0", "v2^{commit}", "v2^{}", "v2~1"),
    *("@~1", "@{0}", "@{1}", "@{4}", "HEAD@{2}", "main@{3}", "@{1}~1", "main@{1}^"),
    *("@{now}", "@{yesterday}", "main@{yesterday}", "@{2 days ago}", "@{2.days.ago}", "HEAD@{3 days ago}"),
    *("@{70 minutes ago}", "main@{1 day 2 hours ago}", "@{25 hours ago}"),
]


@pytest.mark.parametrize("revision", REVISIONS)
def test_revisions_mean_what_they_mean_to_git(store: Store, history: list[str], revision: str) -> None:
    assert store.resolve(revision) == git(store, "rev-parse", "--verify", f"{revision}^{{commit}}").strip()


def test_full_and_abbreviated_ids_name_their_commit(store: Store, history: list[str]) -> None:
    for commit in history:
        assert store.resolve(commit) == commit
        assert store.resolve(commit[:12]) == commit
        assert store.resolve(commit[:12].upper()) == commit


def test_the_id_of_an_annotated_tag_names_its_commit(store: Store, history: list[str]) -> None:
    assert store.resolve(git(store, "rev-parse", "v2")[:12]) == history[2]


@pytest.mark.parametrize("days", [0, 1, 2, 3])
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"])
def test_dates_mean_what_they_mean_to_git(store: Store, history: list[str], days: int, form: str) -> None:
    when = time.strftime(form, time.localtime(time.time() - days * DAY))
    assert store.resolve(f"@{{{when}}}") == git(store, "rev-parse", f"@{{{when}}}").strip()


def test_in_a_clone_dates_go_by_the_commits(store: Store, history: list[str], tmp_path: Path) -> None:
    git(store, "clone", "-q", "--bare", str(store.path), str(tmp_path / "clone"))
    clone = open_store(tmp_path / "clone")
    assert clone.resolve("@{2 days ago}") == history[2]
    assert clone.resolve("main@{now}") == history[4]
    with pytest.raises(SnapError, match=r"there is no @\{1\}") as caught:
        clone.resolve("@{1}")
    assert "main~1" in caught.value.fix
    with pytest.raises(SnapError, match="no snapshot from"):
        clone.resolve("@{2001-01-01}")


def test_a_date_before_the_first_snapshot_names_that(store: Store, history: list[str]) -> None:
    with pytest.raises(SnapError, match="main has no snapshot from 2001-01-01") as caught:
        store.resolve("@{2001-01-01 00:00}")
    assert time.strftime("%Y-%m-%d", time.localtime(time.time() - 60 - 4 * DAY)) in caught.value.fix


def test_a_merge_has_a_second_parent(store: Store, history: list[str]) -> None:
    tree = git(store, "rev-parse", "HEAD^{tree}").strip()
    merge = git(store, "commit-tree", tree, "-p", history[4], "-p", history[0], "-m", "merge").strip()
    assert store.resolve(f"{merge}^2") == history[0]
    with pytest.raises(SnapError, match=r"has 2 parent"):
        store.resolve(f"{merge}^3")


@pytest.mark.parametrize(
    ("revision", "what", "fix"),
    [
        ("mian", "there is no snapshot 'mian'", "did you mean 'main'?"),
        ("nowhere", "there is no snapshot 'nowhere'", "known: main, "),
        ("nowhere", "there is no snapshot 'nowhere'", "take 4"),
        ("yesterday", "there is no snapshot 'yesterday'", "@{yesterday}"),
        ("stagin@{1}", "there is no branch 'stagin'", "did you mean 'staging'?"),
        ("HEAD~9", "there is no HEAD~9: .* is the first snapshot", "snap log"),
        ("@{99}", r"there is no @\{99\}", "main~99"),
        ("deadbeef", "there is no snapshot 'deadbeef'", "known:"),
        ("HEAD^{tree}", r"'\^\{tree\}' is not understood", "HEAD~2"),
        ("HEAD~x", "'x' is not understood", "HEAD~2"),
        ("", "empty revision", "HEAD~2"),
        ("@{yesterdya}", "'yesterdya' is no date", "yesterday"),
        ("@{2026-13-45}", "is no date", "yesterday"),
        ("@{25:99}", "is no date", "yesterday"),
        ("HEAD~1@{1}", "goes with a branch", "HEAD~2"),
        ("../../etc/passwd", "there is no snapshot", "known:"),
        ("main..staging", "there is no snapshot", "known:"),
        ("a\0b", "there is no snapshot", "known:"),
    ],
)
def test_what_names_nothing_is_an_error_with_candidates(
    store: Store, history: list[str], revision: str, what: str, fix: str
) -> None:
    with pytest.raises(SnapError, match=what) as caught:
        store.resolve(revision)
    assert fix in caught.value.fix


def test_an_ambiguous_id_lists_what_it_could_be(store: Store) -> None:
    tree = git(store, "hash-object", "-t", "tree", "-w", "/dev/null").strip()
    seen: dict[str, str] = {}
    for number in range(3000):
        when = f"{number} +0000"
        who = f"A <a> {when}"
        oid = commits.object_id(1, commits.encode(tree, (), who, "x")).hex()
        if oid[:4] in seen:
            break
        seen[oid[:4]] = who
    pair = [
        commits.write_loose(store._objects, 1, commits.encode(tree, (), name, "x"))
        for name in (seen[oid[:4]], who)
    ]
    with pytest.raises(SnapError, match="is ambiguous") as caught:
        store.resolve(oid[:4])
    assert all(candidate[:12] in caught.value.fix for candidate in pair)


def test_an_empty_store_says_that_there_is_no_snapshot_yet(store: Store) -> None:
    for revision in ("HEAD", "HEAD~1", "@{1}", "@{yesterday}"):
        with pytest.raises(SnapError, match=r"no snapshot yet|there is no") as caught:
            store.resolve(revision)
        assert caught.value.fix


@pytest.mark.parametrize(
    "text",
    [
        *("now", "yesterday", "2 hours ago", "3.weeks.ago", "1 month ago", "2 years ago", "90 seconds ago"),
        *("2026-11-20", "2026-11-20 10:00", "2026-11-20 10:00:05", "2026/11/20", "2026-11-20T10:00:00+02:00"),
        *("2026-11-20T10:00:00Z", "yesterday 18:30", "10:15", "5 minutes ago"),
    ],
)
def test_dates_are_parsed_as_git_does(text: str) -> None:
    said = subprocess.run(
        ["git", "rev-parse", f"--since={text}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    ).stdout
    assert abs(parse_date(text) - int(said.strip().removeprefix("--max-age="))) <= 2
