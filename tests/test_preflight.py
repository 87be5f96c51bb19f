"""The checklist before a deploy: what each check finds, what it says to do, and that this repairs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore import adapter as adapters
from snapstore.config.preflight import Check
from snapstore.preflight.checked import State
from snapstore.preflight.checks import checklist
from tests.conftest import Snap
from tests.engine import toys
from tests.engine.conftest import Place, new_place, place

__all__ = ["new_place", "place"]

ORDER = [
    *("captured", "backup", "configuration", "rehearsed", "notified"),
    *("idle", "disk", "permissions", "versions", "clock"),
]
DUMP = "-- PostgreSQL database dump\n\n--\n-- PostgreSQL database dump complete\n--\n"


@pytest.fixture
def shop(snap: Snap) -> Snap:
    """A project that was deployed twice and has a backup."""
    configure(snap, 'file = "backups/*.sql"')
    (snap.root / "dist").mkdir()
    (snap.root / "backups").mkdir()
    (snap.root / "backups" / "shop.sql").write_text(DUMP)
    for text in ("one", "two"):
        (snap.root / "dist" / "app.js").write_text(f"{text}\n")
        (snap.root / ".env").write_text(f"RELEASE={text}\n")
        (snap.root / ".env").chmod(0o600)
        snap("take", "-m", text, code=0)
    return snap


def configure(snap: Snap, backup: str, more: str = "") -> None:
    snap.configure(
        '[resources.build]\nadapter = "files"\npath = "dist"\n'
        '[resources.env]\nadapter = "dotenv"\npath = ".env"\n'
        f"[preflight]\n{more}\n[[preflight.backup]]\n{backup}\n"
    )


def checks(snap: Snap, code: int) -> dict[str, Any]:
    told = snap("preflight", "--json", code=code).json
    assert [found["check"] for found in told["checks"]] == ORDER
    assert told["ready"] is (code == 0)
    return {found["check"]: found for found in told["checks"]}


def failed(snap: Snap, check: str) -> tuple[str, str]:
    """What a check that fails says, and what to do."""
    found = checks(snap, 3)[check]
    assert found["state"] == "failed", found
    assert found["fix"]
    return found["text"], found["fix"]


def test_what_it_says_to_do_makes_it_ready(shop: Snap):
    text, fix = failed(shop, "rehearsed")
    assert (text, fix) == ("no rollback from or to this state was rehearsed", "snap rehearse HEAD~1")
    assert "nobody was told" in failed(shop, "notified")[0]
    shop("rehearse", "HEAD~1", code=0)
    shop("take", "--notified", "#deploys", code=0)
    found = checks(shop, 0)
    assert {found["state"] for found in found.values()} == {"passed"}
    assert "a rollback from this state" in found["rehearsed"]["text"]
    assert found["notified"]["text"].startswith("#deploys, ")
    done = shop("preflight", code=0)
    assert done.stdout.endswith("ready to deploy\n")


def test_a_state_that_has_moved_on_is_named(shop: Snap):
    (shop.root / "dist" / "app.js").write_text("by hand\n")
    text, fix = failed(shop, "captured")
    assert "moved on since the last snapshot: build:app.js" in text
    assert "snap take" in fix
    shop("take", code=0)
    assert checks(shop, 3)["captured"]["state"] == "passed"


def test_before_the_first_snapshot_it_says_so(snap: Snap):
    configure(snap, 'file = "x"')
    (snap.root / ".env").write_text("A=1\n")
    snap("init", code=0)
    assert failed(snap, "captured")[0] == "there is no snapshot yet"


def test_a_resource_that_no_snapshot_has_is_named(shop: Snap):
    config = shop.root / "snapstore.toml"
    config.write_text('[resources.more]\nadapter = "files"\npath = "more"\n' + config.read_text())
    assert failed(shop, "configuration")[0] == "not in the last snapshot: more"


def test_a_key_that_is_not_here_is_told(shop: Snap):
    identity = shop.home / ".config" / "snapstore" / "identity.txt"
    identity.rename(identity.with_suffix(".away"))
    assert "sealed values could not be restored" in failed(shop, "configuration")[0]


@pytest.mark.parametrize(
    ("content", "age", "message"),
    [
        ("", 0, "shop.sql is empty"),
        (DUMP[:40], 0, "is cut off: its last line is not that of pg_dump"),
        (DUMP, 90_000, "shop.sql is 25 h old, 24 h are allowed"),
        (None, 0, "there is no file backups/*.sql"),
    ],
)
def test_a_file_that_is_no_fresh_backup(shop: Snap, content: str | None, age: float, message: str):
    dump = shop.root / "backups" / "shop.sql"
    dump.unlink()
    if content is not None:
        dump.write_text(content)
        os.utime(dump, (time.time() - age,) * 2)
    assert message in failed(shop, "backup")[0]


def ago(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_command_tells_of_a_snapshot_in_a_cloud(shop: Snap):
    configure(shop, f"command = 'echo rds:shop-2026 {ago(7200)}'\nmax_age = \"3h\"")
    assert checks(shop, 3)["backup"]["text"] == "rds:shop-2026, 2 h ago"
    configure(shop, f"command = 'echo rds:shop-2026 {time.time() - 7200:.0f}'\nmax_age = \"90m\"")
    assert "rds:shop-2026 is 2 h old" in failed(shop, "backup")[0]
    configure(shop, "command = 'echo a-snapshot'")
    assert "prints no time" in failed(shop, "backup")[0]
    configure(shop, "command = 'exit 4'\nname = 'rds'")
    assert failed(shop, "backup")[0] == "rds: it failed with exit code 4"


def test_pgbackrest_is_asked_for_its_stanza(shop: Snap, tmp_path: Path):
    """A program that answers in the shape that pgBackRest's user guide shows for ``info --output=json``."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "pgbackrest"
    shop.env["PATH"] = f"{programs}:{os.environ['PATH']}"
    configure(shop, 'pgbackrest = "main"')

    def answers(text: str) -> None:
        program.write_text(
            f'#!/bin/sh\n[ "$*" = "--stanza=main --output=json info" ] || exit 9\necho \'{text}\'\n'
        )
        program.chmod(0o755)

    whole = '{"label":"%s","timestamp":{"start":1,"stop":%d}}'
    stanza = '[{"name":"main","status":{"code":%d,"message":"%s"},"backup":[%s]}]'
    newest = whole % ("20261126-010203F", time.time() - 7300)
    answers(stanza % (0, "ok", f"{whole % ('20261125-010203F', 1)},{newest}"))
    assert checks(shop, 3)["backup"]["text"] == "20261126-010203F, 2 h ago"
    answers(stanza % (2, "no valid backups", ""))
    assert "pgBackRest says of the stanza: no valid backups" in failed(shop, "backup")[0]
    answers("[]")
    assert "cannot be read" in failed(shop, "backup")[0]


def test_with_the_first_snapshot_there_is_nothing_to_rehearse_yet(shop: Snap):
    shutil.rmtree(shop.root / "snapshots")
    shop("take", code=0)
    found = checks(shop, 3)["rehearsed"]
    assert found["state"] == "passed" and "no earlier snapshot" in found["text"]


def test_a_rehearsal_of_a_part_or_of_long_ago_is_not_enough(shop: Snap):
    shop("rehearse", "HEAD~1", "--only", "env", code=0)
    assert failed(shop, "rehearsed")[0] == "the last rehearsal left out what differs in build"
    shop("rehearse", "HEAD~1", code=0)
    configure(shop, 'file = "backups/*.sql"', 'rehearsed = "1s"')
    time.sleep(2)
    assert "the last rehearsal is" in failed(shop, "rehearsed")[0]


def test_a_rehearsal_to_this_state_is_one_of_it(shop: Snap):
    (shop.root / "dist" / "app.js").write_text("three\n")
    shop("rehearse", "HEAD", code=0)
    (shop.root / "dist" / "app.js").write_text("two\n")
    assert "a rollback to this state" in checks(shop, 3)["rehearsed"]["text"]


def test_what_was_rehearsed_and_told_travels_with_the_snapshot(shop: Snap, tmp_path: Path):
    remote = tmp_path / "shop.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    config = shop.root / "snapstore.toml"
    config.write_text(f'[store]\nremote = "{remote}"\n' + config.read_text())
    shop("rehearse", "HEAD~1", code=0)
    shop("take", "--notified", "#deploys", code=0)
    shop("push", code=0)
    shutil.rmtree(shop.root / "snapshots")
    shop("pull", code=0)
    assert {found["state"] for found in checks(shop, 0).values()} == {"passed"}


def test_a_message_that_was_sent_counts(shop: Snap):
    config = shop.root / "snapstore.toml"
    config.write_text(
        config.read_text() + f'\n[[notify.to]]\nurl = "file://{shop.root}/none"\nname = "ops"\n'
    )
    record = shop.root / "snapshots" / "snapstore" / "notified.jsonl"
    head = shop("show", "--json", code=0).json["commit"]
    to = '[{"to":"ops","problem":"%s"}]'
    line = '{"time":%f,"event":"deploy","commit":"%s","title":"2.5","deliveries":' + to + "}\n"
    record.write_text(line % (time.time(), head, "no route"))
    assert "nobody was told" in failed(shop, "notified")[0]
    record.write_text(line % (time.time(), head, ""))
    assert checks(shop, 3)["notified"]["text"].startswith("ops, ")
    record.write_text(line % (time.time() - 90_000, head, ""))
    assert "the team was told 25 h ago" in failed(shop, "notified")[0]


def test_an_interrupted_restore_and_a_full_disk_stop_it(shop: Snap):
    config = shop.root / "snapstore.toml"
    config.write_text(config.read_text().replace("[preflight]\n", '[preflight]\nfree = "999TB"\n'))
    assert "999.0 TB are wanted" in failed(shop, "disk")[0]
    journal = shop.root / "snapshots" / "snapstore" / "journal"
    shop("restore", "HEAD~1", "--yes", code=0)
    (path,) = journal.iterdir()
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    text, fix = failed(shop, "idle")
    assert "was interrupted" in text
    assert "--resume" in fix


def test_a_snapshot_of_a_time_to_come_shows_a_wrong_clock(shop: Snap):
    store = str(shop.root / "snapshots")
    future = f"{time.time() + 3600:.0f} +0000"
    identity = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {**os.environ, **identity, "GIT_COMMITTER_DATE": future}
    words = ["git", "-C", store, "commit-tree", "main^{tree}", "-p", "main", "-m", "later"]
    made = subprocess.run(words, env=env, capture_output=True, check=True).stdout.decode().strip()
    subprocess.run(["git", "-C", store, "update-ref", "refs/heads/main", made], check=True)
    assert failed(shop, "clock")[0] == "the last snapshot is of a time to come"


@pytest.mark.parametrize(("off", "passes"), [(0, True), (3, True), (60, False), (-60, False)])
def test_a_system_whose_clock_is_another_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch, off: float, passes: bool
):
    place.take()
    made = msgspec.structs.replace(toys.ADAPTERS["ledger"], clock=lambda *_: time.time() + off)
    monkeypatch.setattr(adapters, "load", {**toys.ADAPTERS, "ledger": made}.__getitem__)
    (found,) = (c for c in checklist(place.ws, {}) if c.check is Check.CLOCK)
    assert found.state is (State.PASSED if passes else State.FAILED)
    assert found.text == ("ours is that of db" if passes else "db: its clock is 60 s off ours")


def test_what_is_skipped_is_said(shop: Snap):
    configure(shop, 'file = "nothing"', 'skip = ["backup", "rehearsed", "notified"]')
    found = checks(shop, 0)
    assert {found[name]["state"] for name in ("backup", "rehearsed", "notified")} == {"skipped"}


@pytest.mark.parametrize(
    ("backup", "more", "message"),
    [
        ('file = "x"\ncommand = "y"', "", "`preflight.backup[0]` names more than one place"),
        ("", "", "`preflight.backup[0]` names no place"),
        ('file = "x"\nmax_age = "soon"', "", "`preflight.backup[0].max_age` is no age"),
        ('file = "x"', 'free = "much"', "`preflight.free` is no size"),
        ('file = "x"', 'skip = ["everything"]', "is none of the values it may have"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(snap: Snap, backup: str, more: str, message: str):
    configure(snap, backup, more)
    assert message in snap("preflight", code=1).stderr
