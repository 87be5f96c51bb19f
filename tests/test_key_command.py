"""`snap key` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from snapstore.store import create


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    root.mkdir()
    (root / "snapstore.toml").write_text('[resources.env]\nadapter = "dotenv"\npath = ".env"\n')
    create(root / "snapshots")
    return root


def snap(project: Path, home: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    variables = {"HOME": str(project.parent / home), "USER": home, "PATH": "/usr/bin:/bin", **env}
    command = [sys.executable, "-m", "snapstore", *words]
    return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True)


def shown(project: Path, home: str, *words: str) -> dict[str, object]:
    done = snap(project, home, *words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_init_makes_the_keys_tells_to_keep_a_copy_and_shows_the_public_key(project: Path) -> None:
    done = snap(project, "alice", "key", "init")
    assert done.returncode == 0
    assert "keep a copy" in done.stderr
    assert "your public key  age1" in done.stdout and "alice" in done.stdout
    secret = (project.parent / "alice/.config/snapstore/identity.txt").read_text().splitlines()[-1]
    assert secret.startswith("AGE-SECRET-KEY-") and secret not in done.stdout + done.stderr


def test_a_second_user_becomes_a_recipient_and_is_removed_again(project: Path) -> None:
    first = shown(project, "alice", "key", "init")
    other = shown(project, "bob", "key", "init")
    assert other["keys"] == [{"id": first["keys"][0]["id"], "usable": False}]  # type: ignore[index]
    public = str(other["own"])
    assert shown(project, "alice", "key", "add-recipient", public, "--name", "bob")["changed"] is True
    assert all(key["usable"] for key in shown(project, "bob", "key", "show")["keys"])  # type: ignore[attr-defined]
    removed = shown(project, "alice", "key", "remove-recipient", "bob")
    assert removed["history_readable"] is True
    after = shown(project, "alice", "key", "show")
    assert public not in after["recipients"]  # type: ignore[operator]
    assert after["keys"][0]["id"] == removed["key"] != first["keys"][0]["id"]  # type: ignore[index]


def test_removing_says_plainly_that_history_stays_readable(project: Path) -> None:
    shown(project, "alice", "key", "init")
    public = str(shown(project, "bob", "key", "init")["own"])
    snap(project, "alice", "key", "add-recipient", public)
    done = snap(project, "alice", "key", "remove-recipient", public)
    assert "stays readable to the one removed" in done.stdout


def test_a_stranger_cannot_add_themselves(project: Path) -> None:
    shown(project, "alice", "key", "init")
    public = str(shown(project, "mallory", "key", "init")["own"])
    done = snap(project, "mallory", "key", "add-recipient", public)
    assert done.returncode == 1 and done.stdout == ""
    assert f"snap key add-recipient {public}" in done.stderr


def test_showing_works_before_there_is_any_key(project: Path) -> None:
    found = shown(project, "nobody", "key", "show")
    assert (found["own"], found["keys"], found["recipients"]) == (None, [], {})


def test_a_key_of_the_environment_is_shown_by_its_id_only(project: Path) -> None:
    key = b64encode(bytes(range(64))).decode()
    done = snap(project, "ci", "key", "show", SNAPSTORE_KEY=key)
    assert "from SNAPSTORE_KEY" in done.stdout and key not in done.stdout
    rotated = snap(project, "ci", "key", "rotate", SNAPSTORE_KEY=key)
    assert rotated.returncode == 1 and key not in rotated.stderr


def test_a_malformed_key_of_the_environment_is_one_line_without_it(project: Path) -> None:
    done = snap(
        project,
        "ci",
        "key",
        "show",
        SNAPSTORE_KEY="canary-broken-key",
    )
    assert done.returncode == 1
    assert "not a data key" in done.stderr and "canary" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
