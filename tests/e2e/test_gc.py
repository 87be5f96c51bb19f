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
