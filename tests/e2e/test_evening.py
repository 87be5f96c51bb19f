"""An evening with a bad deploy, from the checklist before it to the report after it, without a human.

All systems are real and on loopback; the forge is a stand-in that remembers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.e2e.evening import ERRORS, P95, Evening, evening
from tests.postgres.proxy import Cut
from tests.watch import servers

pytestmark = [
    pytest.mark.long,
    pytest.mark.postgres,
    pytest.mark.skipif(servers.PROMETHEUS is None, reason="needs Debian's prometheus"),
]


@pytest.fixture
def shop(snap: Snap, postgres_server: embedded.Server, tmp_path: Path) -> Iterator[Evening]:
    with evening(snap, postgres_server, tmp_path / "servers") as made:
        made.await_metric(P95, lambda value: value < 0.2)
        made.await_metric(ERRORS, lambda value: value < 0.05)
        yield made


def worse(shop: Evening) -> None:
    shop.await_metric(P95, lambda value: value > 0.5)
    shop.await_metric(ERRORS, lambda value: value > 0.1)


def test_an_evening_with_a_bad_deploy_ends_well(shop: Evening):
    shop.run("take", "-m", "2.3")
    shop.put("dist/app.js", "release 2.4.1\n")
    taken = shop.json("take", "-m", "before 2.5", "--deploy", "813", "--operator", "Ada")
    assert set(taken["metrics"]) == {"p95", "errors"} and all(taken["metrics"].values())
    shop.run("rehearse", "HEAD~1")
    shop.run("notify", "2.5 goes out at 22:00")
    shop.run("preflight")
    good = shop.everything()

    shop.deploy()
    bad = shop.everything()
    assert all(bad[part] != good[part] for part in good if part != "rows")
    worse(shop)
    watched = shop.json("watch", code=2)
    assert {metric["name"] for metric in watched["metrics"] if metric["verdict"] == "failed"}
    branch, url = watched["proposal"]["branch"], watched["proposal"]["url"]
    assert shop.everything() == bad

    (pull,) = shop.forge.pulls
    assert pull.head == branch and "Why: " in pull.body
    shop.forge.approve("ann")
    done = shop.json("apply", url, "--yes", *allow(watched))
    assert done["verified"] and shop.everything() == good
    assert "**Applied and verified.**" in shop.forge.of()[0]

    shop.await_metric(P95, lambda value: value < 0.2)
    shop.await_metric(ERRORS, lambda value: value < 0.05)
    shop.run("watch", taken["commit"])
    assert shop.told() == ["DEPLOY", "WORSE", "ROLLBACK PROPOSED", "ROLLBACK", "ROLLBACK DONE"]
    told_of(shop, "report-1", watched["reasons"])
    assert "canary" not in shop.messages()


def allow(watched: Any) -> list[str]:
    return [word for hazard in watched["proposal"]["hazards"] for word in ("--allow", hazard)]


def told_of(shop: Evening, name: str, reasons: list[str]) -> None:
    """The report was written by itself; made again, it also tells of what came after."""
    assert {path.suffix for path in (shop.snap.root / "reports").iterdir()} == {".md", ".html"}
    lessons = (shop.snap.root / "Issues" / "lessons-learned.md").read_text()
    assert reasons[0] in lessons and "deploy 813, by Ada" in lessons
    story = shop.json("report")
    assert story["well"] and all(box["done"] for box in story["status"][:3])
    assert {outcome["resource"] for outcome in story["outcomes"]} == {
        *("db", "cache", "dns", "env", "webpack", "build"),
    }
    drawn = {
        plot["name"]: [value for points in plot["series"].values() for _, value in points]
        for plot in story["plots"]
    }
    assert max(drawn["p95"]) > 0.5 and min(drawn["p95"]) < 0.2 and max(drawn["errors"]) > 0.05


def test_the_same_evening_with_everything_that_can_go_wrong(shop: Evening):
    before = shop.json("take", "-m", "before 2.5")["commit"]
    good = shop.everything()
    shop.deploy()
    bad = shop.everything()
    worse(shop)

    # The remote takes no branch: nothing is proposed, and that is said.
    shop.served.hook("update", "case $1 in refs/heads/rollback/*) echo not now; exit 1;; esac")
    error = shop.json("watch", code=1)["error"]
    assert "but what should follow failed" in error["what"] and "not now" in error["what"]
    assert not shop.forge.pulls and shop.told()[-2:] == ["WORSE", "ROLLBACK FAILED"]
    assert shop.everything() == bad
    shop.served.hook("update", "exit 0")
    watched = shop.json("watch", before, code=2)
    branch, allowed = watched["proposal"]["branch"], allow(watched)

    # Nobody has approved it.
    refused = shop.json("apply", branch, "--yes", *allowed, code=3)["error"]
    assert "approv" in refused["what"] and shop.everything() == bad
    shop.forge.approve("ann")

    # Somebody has changed something since.
    shop.put("webpack.config.js", "module.exports = {};\n")
    stale = shop.json("apply", branch, "--yes", *allowed, code=5)["error"]
    assert (
        "webpack" in stale["what"]
        and "module.exports = {};" in shop.everything()["files"]["webpack.config.js"]
    )
    shop.put("webpack.config.js", bad["files"]["webpack.config.js"])
    assert shop.everything() == bad

    # The connection to the database is lost in the middle of its transaction.
    shop.between.arm(Cut(lambda number, text: "users_mail" in text, "during", lambda: None))
    lost = shop.run("apply", branch, "--yes", *allowed, code=1)
    assert shop.between.done.is_set()
    assert "--resume" in lost.stdout + lost.stderr and "--abort" in lost.stdout + lost.stderr
    shop.between.arm(None)
    half = shop.json("report")
    assert half["ended"] is None and half["result"].startswith("interrupted") and "--abort" in half["action"]
    assert shop.json("apply", branch, "--yes", *allowed, code=7)["error"]["what"].endswith("was interrupted")
    shop.run("restore", "--abort", "--yes", *allowed)
    assert shop.everything() == bad

    # The state is as promised, but the shop is still down.
    shop.put("down", "")
    failed = shop.run("apply", branch, "--yes", *allowed, code=4)
    assert "checkout" in failed.stdout and "snap undo" in failed.stdout
    assert shop.everything() == good
    assert shop.told()[-2:] == ["ROLLBACK", "ROLLBACK FAILED"]
    assert "checkout" in json.loads(shop.hook.seen[-1][2])["message"]
    story = shop.json("report")
    assert not story["well"] and "checkout" in story["problems"][0]
    assert "canary" not in shop.messages()
