"""A run with skipped tests fails in CI, and says which."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(folder: Path, reason: str, *words: str, **env: str) -> tuple[int, str]:
    """Run pytest on two tests, one of them skipped, with the hooks of this project."""
    (folder / "conftest.py").write_text("from tests.skips import *\n")
    (folder / "test_two.py").write_text(
        f"import pytest\n@pytest.mark.skip(reason={reason!r})\ndef test_one(): pass\ndef test_two(): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", folder, *words, folder],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("words", [[], ["-n", "1"]])
def test_in_ci_a_skipped_test_is_a_failure_and_is_named(tmp_path: Path, words: list[str]):
    code, text = run(tmp_path, "no server today", *words, CI="true")
    assert code == 1, text
    assert "test_two.py::test_one" in text
    assert "no server today" in text
    assert "1 passed, 1 skipped" in text


def test_in_ci_what_nobody_can_help_is_none(tmp_path: Path):
    code, text = run(tmp_path, "needs node", CI="true")
    assert code == 0, text


def test_elsewhere_a_skipped_test_is_none(tmp_path: Path):
    code, text = run(tmp_path, "no server today")
    assert code == 0, text
