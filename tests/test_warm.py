"""A run of ``snap`` that was forked cannot be told from one whose interpreter was started for it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import warm
from tests.conftest import Snap

CONFIG = '[resources.build]\nadapter = "files"\npath = "dist"\n'


@pytest.fixture
def taken(snap: Snap) -> Snap:
    snap.configure(CONFIG)
    (snap.root / "dist").mkdir()
    (snap.root / "dist" / "app.js").write_text("one\n")
    snap("take", code=0)
    (snap.root / "dist" / "app.js").write_text("ünd\n")
    return snap


@pytest.mark.parametrize(
    "words",
    [["--version"], ["diff", "--full"], ["log", "--json"], ["restore", "HEAD"], ["tkae"], ["show", "no"]],
)
def test_it_ends_and_says_the_same(taken: Snap, words: list[str]) -> None:
    assert taken.is_warm
    answers = [dataclasses.replace(taken, is_warm=is_warm)(*words, input="n\n") for is_warm in (True, False)]
    assert answers[0] == answers[1]


def test_many_run_at_once_each_in_its_own_folder(snap: Snap) -> None:
    projects = [dataclasses.replace(snap, root=snap.root / name) for name in "abcd"]
    for project in projects:
        project.root.mkdir()
        project.configure(f"[resources.{project.root.name}]\n")
    with ThreadPoolExecutor(4) as pool:
        told = [*pool.map(lambda project: project("status").stderr, projects)]
    assert [
        f"resources.{project.root.name}" in said for project, said in zip(projects, told, strict=True)
    ] == ([True] * 4)


def test_what_an_interpreter_reads_when_it_starts_starts_one() -> None:
    assert warm.can_run({"LC_ALL": "C.UTF-8", "HOME": "/"})
    assert not warm.can_run({"LC_ALL": "C", "HOME": "/"})
    assert not warm.can_run({"LC_ALL": "C.UTF-8", "PYTHONPATH": "/"})


def test_nothing_of_ours_is_imported_before() -> None:
    script = "import importlib, sys; from tests import warm; [*map(importlib.import_module, warm.LIBRARIES)]"
    script += "; print(*(name for name in sys.modules if name.startswith('snapstore')))"
    ran = subprocess.run([sys.executable, "-c", script], cwd=warm.ROOT, capture_output=True, text=True)
    assert ran.stdout == "\n", ran.stderr
