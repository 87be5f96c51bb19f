"""The whole way on a file tree and an env file, as a user goes it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Snap

CONFIG = """
[resources.build]
adapter = "files"
path = "dist"

[resources.env]
adapter = "dotenv"
path = ".env.production"

[groups]
frontend = ["build"]
"""
SECRET = "canary-0123456789"


@pytest.fixture
def app(snap: Snap) -> Snap:
    """A project with a build and an env file."""
    snap.configure(CONFIG)
    (snap.root / "dist" / "deep").mkdir(parents=True)
    (snap.root / "dist" / "app.js").write_text("one\ntwo\n")
    (snap.root / "dist" / "deep" / "logo.png").write_bytes(b"\x89PNG\0\1")
    (snap.root / "dist" / "latest").symlink_to("app.js")
    env = snap.root / ".env.production"
    env.write_text(f"# settings\nexport KEY='{SECRET}'\nREDIS_ENABLED=true\n")
    env.chmod(0o600)
    return snap


def deploy(snap: Snap) -> None:
    """A deploy that changes everything."""
    (snap.root / "dist" / "app.js").write_text("one\n2\nthree\n")
    (snap.root / "dist" / "app.js").chmod(0o755)
    (snap.root / "dist" / "deep" / "logo.png").unlink()
    (snap.root / "dist" / "deep").rmdir()
    (snap.root / "dist" / "latest").unlink()
    (snap.root / "dist" / "latest").symlink_to("new.js")
    (snap.root / "dist" / "new.js").write_text("new\n")
    (snap.root / ".env.production").write_text(f"KEY={SECRET}-new\nREDIS_ENABLED=false\n")


def state(snap: Snap) -> dict[str, tuple[int, bytes]]:
    """Every file of the project: mode and content."""
    found = {}
    for path in [snap.root / ".env.production", *sorted((snap.root / "dist").rglob("*"))]:
        data = (
            str(path.readlink()).encode()
            if path.is_symlink()
            else b""
            if path.is_dir()
            else path.read_bytes()
        )
        found[str(path.relative_to(snap.root))] = (path.lstat().st_mode, data)
    return found


def take(snap: Snap, message: str = "x") -> str:
    tree: str = snap("take", "-m", message, "--json", code=0).json["tree"]
    return tree


def test_restore_and_undo_bring_back_every_byte_and_every_tree_id(app: Snap):
    before, first = state(app), take(app, "before")
    deploy(app)
    after, second = state(app), take(app, "after")
    assert first != second
    done = app("restore", "HEAD~1", "--yes", "--json", code=0).json
    assert done["verified"] is True
    assert done["safety"] and done["actions"]
    assert state(app) == before
    assert take(app) == first
    app("undo", "--yes", code=0)
    assert state(app) == after
    assert take(app) == second


def test_status_says_what_differs_with_its_own_exit_code(app: Snap):
    take(app)
    assert app("status", code=0).stdout.endswith("nothing changed since\n")
    deploy(app)
    told = app("status", code=2).stdout
    for line in ("~ app.js", "+ new.js", "- deep/logo.png", "~ var KEY", "~ var REDIS_ENABLED"):
        assert f"  {line}\n" in told
    document = app("status", "--json", code=2).json
    assert document["changed"] is True
    assert [resource["resource"] for resource in document["resources"]] == ["build", "env"]


def test_diff_shows_lines_of_text_and_never_a_secret(app: Snap):
    take(app)
    deploy(app)
    told = app("diff").stdout
    assert "      -two\n      +2\n      +three\n" in told
    assert "mode 100644 → 100755" in told
    assert "value: (sealed, changed)" in told
    assert SECRET not in told
    assert app("diff", "--exit-code").code == 2
    assert app("diff", "HEAD", "HEAD", "--exit-code", code=0).stdout == ""


def test_diff_compares_any_two_moments(app: Snap):
    take(app, "one")
    deploy(app)
    take(app, "two")
    forth = app("diff", "HEAD~1..HEAD", "--json", code=0).json
    back = app("diff", "HEAD", "HEAD~1", "--json", code=0).json
    assert forth["before"] == back["after"]
    assert app("diff", "HEAD~1", "--json", code=0).json["resources"] == forth["resources"]
    assert app("diff", "--stat", "HEAD~1").stdout.splitlines()[-1].startswith("2 resources changed:")


def test_a_scope_narrows_every_command(app: Snap):
    take(app)
    deploy(app)
    assert [r["resource"] for r in app("status", "--group", "frontend", "--json").json["resources"]] == [
        "build"
    ]
    app("restore", "HEAD", "--only", "env", "--yes", code=0)
    assert [r["resource"] for r in app("status", "--json").json["resources"]] == ["build"]


def test_take_says_what_changed_and_nothing_when_nothing_did(app: Snap):
    first = app("take", "-m", "one", code=0)
    assert "build: first snapshot" in first.stdout
    assert "identity.txt" in first.stderr
    assert app("take", code=0).stdout.startswith("nothing changed since ")
    assert app("take", "--json", code=0).json["changed"] is False
    deploy(app)
    told = app("take", "-m", "two", code=0).stdout.splitlines()
    assert told[0].startswith("[main ") and told[0].endswith("] two")
    assert told[1].startswith("  build: +")
    (app.root / "dist" / "app.js").write_text("again\n")
    assert app("take", "-q", code=0).stdout == ""


def test_the_store_is_a_git_repository_that_git_finds_no_fault_with(app: Snap):
    take(app)
    deploy(app)
    take(app)
    store = app.root / "snapshots"
    ran = subprocess.run(
        ["git", "-C", store, "fsck", "--full", "--strict"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, ""), ran.stderr


def test_no_secret_is_in_the_store_or_in_anything_printed(app: Snap, tmp_path: Path):
    printed = []
    for words in (
        ("take",),
        ("status",),
        ("diff",),
        ("diff", "--json"),
        ("plan", "HEAD"),
        ("log",),
        ("show",),
    ):
        ran = app(*words, "--debug")
        printed.append(ran.stdout + ran.stderr)
        if words == ("take",):
            deploy(app)
    printed.append(app("plan", "HEAD", "-o", "saved.plan", "--format", "markdown", code=0).stdout)
    printed.append((app.root / "saved.plan").read_text())
    printed.append(app("restore", "HEAD", "--yes", code=0).stdout)
    assert not [text for text in printed if SECRET in text]
    store = app.root / "snapshots"
    dump = subprocess.run(
        ["git", "-C", store, "cat-file", "--batch", "--batch-all-objects"], capture_output=True, check=True
    ).stdout
    raw = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert SECRET.encode() not in dump + raw


def test_a_saved_plan_is_applied_only_as_it_is_and_where_it_belongs(app: Snap):
    take(app)
    before = state(app)
    deploy(app)
    app("plan", "HEAD", "-o", "saved.plan", code=0)
    text = (app.root / "saved.plan").read_text()
    (app.root / "edited.plan").write_text(text.replace("app.js", "own.js"))
    deployed = state(app)
    assert "edited" in app("apply", "edited.plan", "--yes", code=5).stderr
    assert state(app) == deployed
    (app.root / "dist" / "app.js").write_text("moved on\n")
    moved = state(app)
    assert "app.js" in app("apply", "saved.plan", "--yes", code=5).stderr
    assert state(app) == moved
    app("plan", "HEAD", "-o", "saved.plan", code=0)
    app("apply", "saved.plan", "--yes", code=0)
    assert state(app) == before


def test_a_plan_tells_by_its_exit_code_whether_there_is_something_to_do(app: Snap):
    take(app)
    assert app("plan", "HEAD", "--exit-code", code=0).stdout.endswith("nothing to do\n")
    deploy(app)
    app("plan", "HEAD", "--exit-code", code=2)
    app("plan", "HEAD", code=0)


def test_without_a_terminal_nothing_is_restored_unless_told_so(app: Snap):
    take(app)
    deploy(app)
    deployed = state(app)
    ran = app("restore", "HEAD", code=3, input="y\n")
    assert "--yes" in ran.stderr
    assert "1. " in ran.stdout
    assert state(app) == deployed
    assert app("restore", "HEAD", "--dry-run", code=0).stdout.startswith("Plan: ")
    assert state(app) == deployed


def test_show_gives_the_bytes_of_a_file_and_keeps_secrets_sealed(app: Snap):
    take(app)
    raw = subprocess.run(
        app.command("show", "HEAD:build/files/deep/logo.png"),
        cwd=app.root,
        env=app.environment(),
        capture_output=True,
    )
    assert raw.stdout == b"\x89PNG\0\1"
    assert app("show", "HEAD:build/files").stdout.splitlines() == ["app.js", "deep/", "latest"]
    (document,) = [line for line in app("show", "HEAD:env").stdout.splitlines() if line.endswith(".json")]
    told = app("show", f"live:env/{document}", code=0).stdout
    assert "(sealed)" in told and SECRET not in told
    wrong = app("show", "HEAD:build/files/app.jsx", code=1)
    assert "did you mean 'app.js'?" in wrong.stderr


def test_log_lists_snapshots_newest_first(app: Snap):
    take(app, "one")
    deploy(app)
    take(app, "two")
    assert [line.split()[-1] for line in app("log", "--oneline").stdout.splitlines()] == ["two", "one"]
    assert len(app("log", "-n", "1", "--json").json["commits"]) == 1


def test_a_hostile_file_name_cannot_speak_to_the_terminal(app: Snap):
    take(app)
    (app.root / "dist" / "\x1b[31mred\x07\nfake: all is well").write_text("x")
    (app.root / "dist" / "over\u202etxt.exe").write_text("x")
    for words in (("status",), ("diff",), ("plan", "HEAD"), ("take",), ("show", "HEAD:build/files")):
        ran = app(*words)
        printed = ran.stdout + ran.stderr
        assert not [c for c in printed if (ord(c) < 32 and c != "\n") or c == "\u202e"], words
        assert "\nfake: all is well" not in printed


def test_twenty_thousand_files_are_folded_into_a_few_lines(app: Snap):
    take(app)
    for number in range(300):
        (app.root / "dist" / f"chunk-{number:05}.js").touch()
    told = app("status").stdout
    assert len(told.splitlines()) < 40
    assert "… and 280 more" in told
    assert len(app("status", "--full").stdout.splitlines()) > 300


def test_doctor_finds_everything_well_and_then_what_is_not(app: Snap):
    take(app)
    assert app("doctor", "--json", code=0).json == {
        "well": True,
        "checked": ["store", "key", "build", "env"],
        "findings": [],
    }
    for pack in (app.root / "snapshots" / "objects").rglob("*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:-30])
    findings = app("doctor", "--json", code=1).json["findings"]
    assert {finding["area"] for finding in findings} == {"store"}


def test_the_page_of_a_saved_plan_has_the_command_that_applies_it(app: Snap):
    take(app)
    deploy(app)
    told = app("plan", "HEAD", "-o", "way back.plan", "--format", "markdown", code=0).stdout
    command = told.partition("```sh\nsnap ")[2].partition("\n")[0]
    assert command.startswith("apply 'way back.plan'")
    app(*shlex.split(command), "--yes", code=0)
    assert app("status", code=0).code == 0
