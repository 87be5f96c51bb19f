"""What ``snap take`` is told of a deploy is kept with the snapshot, and shown where that is."""

from __future__ import annotations

import pytest

from tests.conftest import Snap

SECRET = "canary-deploy-0123456789"


@pytest.fixture
def shop(snap: Snap) -> Snap:
    snap.configure('[resources.build]\nadapter = "files"\npath = "dist"\n')
    (snap.root / "dist").mkdir()
    (snap.root / "dist" / "app.js").write_text("one\n")
    return snap


def told(snap: Snap) -> list[dict[str, str]]:
    (commit,) = snap("log", "-n", "1", "--json", code=0).json["commits"]
    found: list[dict[str, str]] = commit["told"]
    return [{key: text for key, text in entry.items() if key != "time"} for entry in found]


def test_it_is_in_the_log_and_with_the_snapshot(shop: Snap):
    words = ("--deploy", "812", "--application", "9f2c1ab", "--operator", "Ada", "--notified", "#deploys")
    done = shop("take", "-m", "before 2.4", *words, code=0)
    assert "  Deploy: 812\n  Application: 9f2c1ab\n  Operator: Ada\n  Notified: #deploys, 20" in done.stdout
    assert told(shop) == [
        {"deploy": "812", "application": "9f2c1ab", "operator": "Ada", "notified": "#deploys"}
    ]
    for command in ("log", "show"):
        assert "\n    Deploy: 812\n    Application: 9f2c1ab\n" in shop(command, code=0).stdout


def test_an_unchanged_state_gets_what_is_told_and_keeps_what_was(shop: Snap):
    first = shop("take", "--deploy", "812", "--json", code=0).json
    again = shop("take", "--deploy", "813", "--json", code=0).json
    assert (again["commit"], again["changed"], again["told"]["deploy"]) == (first["commit"], False, "813")
    assert told(shop) == [{"deploy": "812"}, {"deploy": "813"}]
    assert shop("take", "--json", code=0).json["told"] is None
    (shop.root / "dist" / "app.js").write_text("two\n")
    shop("take", code=0)
    assert told(shop) == []


def test_it_is_no_part_of_the_state(shop: Snap):
    first = shop("take", "--deploy", "812", "--json", code=0).json["tree"]
    (shop.root / "dist" / "app.js").write_text("two\n")
    shop("take", code=0)
    shop("restore", "HEAD~1", "--yes", code=0)
    assert shop("show", "--json", code=0).json["tree"] == first


def test_what_is_no_line_is_refused_and_a_secret_is_masked(shop: Snap):
    done = shop("take", "--operator", "Ada\nBob", code=1)
    assert "--operator: this is not one line of text" in done.stderr
    config = shop.root / "snapstore.toml"
    config.write_text(config.read_text() + '\n[review]\ntoken = "${TOKEN}"\n')
    shop("take", "--operator", f"Ada with {SECRET}", env={"TOKEN": SECRET}, code=0)
    assert told(shop) == [{"operator": "Ada with ***"}]
