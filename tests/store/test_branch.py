"""One store, several environments: a branch for each, chosen when the store is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.store import create, open_store
from tests.conftest import Snap


def configure(snap: Snap, branch: str) -> None:
    line = f'branch = "{branch}"' if branch else ""
    snap.configure(f'[store]\n{line}\n[resources.build]\nadapter = "files"\npath = "dist"\n')
    (snap.root / "dist").mkdir(exist_ok=True)


def take(snap: Snap, text: str) -> str:
    (snap.root / "dist" / "app.js").write_text(text)
    commit: str = snap("take", "-m", text, "--json", code=0).json["commit"]
    return commit


def test_the_configured_branch_takes_the_snapshots_and_is_what_head_stands_for(snap: Snap):
    configure(snap, "")
    first = take(snap, "one")
    configure(snap, "staging")
    assert "there is no snapshot yet" in snap("status", code=1).stderr
    assert "there is no snapshot yet on staging" in snap("show", "HEAD", code=1).stderr
    staged = [take(snap, "two"), take(snap, "three")]
    assert snap("status", code=0).stdout.startswith("staging at ")
    listed = snap("log", "--json").json["commits"]
    assert [entry["commit"] for entry in listed] == staged[::-1]
    for revision, commit in {
        "HEAD~1": staged[0],
        "@{1}": staged[0],
        "HEAD@{1}": staged[0],
        "main": first,
    }.items():
        assert snap("show", revision, "--json", code=0).json["commit"] == commit
    snap("restore", "main", "--yes", code=0)
    assert (snap.root / "dist" / "app.js").read_text() == "one"
    configure(snap, "")
    assert [entry["commit"] for entry in snap("log", "--json").json["commits"]] == [first]
    assert snap("doctor", code=0)


def test_a_name_that_git_does_not_allow_is_refused_by_name(tmp_path: Path):
    create(tmp_path / "store")
    with pytest.raises(SnapError, match="cannot be the name of a branch"):
        open_store(tmp_path / "store", "a..b")
