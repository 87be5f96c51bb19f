"""``snap gc`` as a user runs it."""

from __future__ import annotations

import os

import pytest

from tests.conftest import Snap

CONFIG = """
[resources.build]
adapter = "files"
path = "build"
"""


@pytest.fixture
def project(snap: Snap) -> Snap:
    snap.configure(CONFIG)
    (snap.root / "build").mkdir()
    for number in range(4):
        (snap.root / "build/app.js").write_text(f"let n = {number}\n" * 300)
        snap("take", "-m", f"number {number}", code=0)
    return snap


def test_it_tells_what_it_did_and_restores_go_on(project: Snap) -> None:
    dry = project("gc", "--dry-run", "--json", code=0).json["store"]
    assert dry["before"] == dry["after"] and dry["before"]["packs"] == 4
    done = project("gc", "--json", code=0).json["store"]
    assert done["before"] == dry["before"]
    assert (done["after"]["packs"], done["after"]["loose"]) == (1, 0)
    assert "1 pack, " in project("gc", code=0).stdout
    project("doctor", code=0)
    project("restore", "HEAD~3", "--yes", code=0)
    assert (project.root / "build/app.js").read_text().startswith("let n = 0")
    project("undo", "--yes", code=0)
    assert (project.root / "build/app.js").read_text().startswith("let n = 3")


def test_options_of_the_archive_are_for_the_archive(project: Snap) -> None:
    assert "for --archive" in project("gc", "--only", "build", code=1).stderr


def test_a_store_that_cannot_be_written_is_one_clear_error(project: Snap) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    (project.root / "snapshots/snapstore").chmod(0o500)
    done = project("gc", code=1)
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture
def retaining(project: Snap) -> Snap:
    project.configure(f"[store]\nkeep = {{ last = 2, daily = 0, tagged = true }}\n{CONFIG}")
    return project


def commits(snap: Snap) -> list[str]:
    return [entry["commit"] for entry in snap("log", "--json", code=0).json["commits"]]


def test_snapshots_that_the_rule_does_not_keep_go_after_a_question(retaining: Snap) -> None:
    made = commits(retaining)
    dry = retaining("gc", "--dry-run", code=0).stdout
    assert "number 1" in dry and "number 0" in dry and "2 snapshots would go" in dry
    assert "number 0" in retaining("gc", code=3).stderr
    assert commits(retaining) == made
    gone = retaining("gc", "--yes", "--json", code=0).json["store"]["snapshots"]
    assert [snapshot["commit"] for snapshot in gone] == made[2:]
    assert commits(retaining) == made[:2]
    retaining("doctor", code=0)
    retaining("restore", "HEAD~1", "--yes", code=0)
    retaining("undo", "--yes", code=0)


def test_a_saved_plan_can_be_applied_after_it(retaining: Snap) -> None:
    retaining("plan", "HEAD~3", "-o", "back.plan", code=0)
    retaining("gc", "--yes", code=0)
    assert len(commits(retaining)) == 3
    retaining("apply", "back.plan", "--yes", code=0)
    assert (retaining.root / "build/app.js").read_text().startswith("let n = 0")


def test_a_rule_that_keeps_nothing_is_told(project: Snap) -> None:
    project.configure(f"[store]\nkeep = {{ last = 0 }}\n{CONFIG}")
    assert "store.keep.last" in project("gc", code=1).stderr
