"""``snap watch`` after a deploy: what it says, what follows, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore import config
from snapstore.errors import SnapError
from snapstore.render.watching import WatchDocument
from tests.conftest import Snap
from tests.review import servers as git
from tests.watch import servers

CONFIG = """
[store]
remote = "{remote}"

[resources.build]
adapter = "files"
path = "dist"

[resources.env]
adapter = "dotenv"
path = ".env"

[groups]
frontend = ["build"]

[watch]
interval = 0.05
count = 3
{more}
"""
P95 = """
[watch.metrics.p95]
command = "cat p95"
unit = "s"
max_increase = "20%"
"""


@dataclass(frozen=True)
class Shop:
    """A project that was snapshotted before a deploy; its metric is what the file ``p95`` says."""

    snap: Snap
    before: str

    def deploy(self, p95: str = "0.9") -> None:
        (self.snap.root / "dist" / "app.js").write_text("two\n")
        (self.snap.root / ".env").write_text("RELEASE=two\n")
        self.says(p95)

    def says(self, p95: str) -> None:
        (self.snap.root / "p95").write_text(p95)

    def watch(self, *words: str, code: int) -> Any:
        found = self.snap("watch", "--json", *words, code=code).json
        assert msgspec.to_builtins(msgspec.convert(found, WatchDocument)) == found
        return found

    @property
    def live(self) -> str:
        return (self.snap.root / "dist" / "app.js").read_text()


def shop_with(snap: Snap, more: str = P95, remote: Path | str = "nowhere") -> Shop:
    snap.configure(CONFIG.format(remote=remote, more=more))
    (snap.root / "dist").mkdir()
    (snap.root / "dist" / "app.js").write_text("one\n")
    (snap.root / ".env").write_text("RELEASE=one\n")
    (snap.root / "p95").write_text("0.4")
    return Shop(snap, snap("take", "-m", "before 2.4", "--json", code=0).json["commit"])


@pytest.fixture
def shop(snap: Snap) -> Shop:
    return shop_with(snap)


def test_a_snapshot_keeps_what_the_metrics_were(snap: Snap):
    shop = shop_with(snap)
    shop.says("0.5")
    again = snap("take", code=0)
    assert "nothing changed" in again.stdout and "p95 = 0.5 s" in again.stdout
    shop.says("0.55")
    assert shop.watch(code=0)["metrics"][0]["before"] == {"": 0.5}


def test_a_metric_that_cannot_be_measured_is_a_warning_of_the_snapshot(shop: Shop):
    (shop.snap.root / "p95").unlink()
    (shop.snap.root / ".env").write_text("RELEASE=1\n")
    taken = shop.snap("take", "--json", code=0)
    assert taken.json["changed"] and taken.json["metrics"] == {"p95": {}}
    assert "metric p95: the command failed with exit code 1" in taken.stderr


def test_a_scoped_snapshot_does_not_inherit_the_metrics_of_the_one_before(shop: Shop):
    (shop.snap.root / "p95").unlink()
    (shop.snap.root / ".env").write_text("RELEASE=1\n")
    shop.snap("take", "--only", "env", code=0)
    shop.says("0.9")
    assert shop.watch(code=1)["verdict"] == "inconclusive"


def test_a_deploy_that_made_nothing_worse_ends_well(shop: Shop):
    shop.deploy("0.47")
    found = shop.watch(code=0)
    assert found["verdict"] == "successful" and found["commit"] == shop.before
    assert [one["phase"] for one in found["metrics"][0]["measurements"]] == ["successful"] * 3
    assert found["plan"] is None
    assert "nothing got worse: 1 metric, 3 measurements" in shop.snap("watch", code=0).stdout


def test_a_breach_writes_a_plan_that_can_be_applied(shop: Shop):
    shop.deploy()
    found = shop.watch(code=2)
    assert found["verdict"] == "failed" and found["action"] == "notify"
    assert found["reasons"] == ["p95 is 0.9 s, it was 0.4 s: 125% more, at most 20% is allowed"]
    assert len(found["metrics"][0]["measurements"]) == 1
    assert shop.live == "two\n"
    shop.snap("apply", found["plan"], "--yes", code=0)
    assert shop.live == "one\n"


def test_a_breach_is_told_with_the_way_back(shop: Shop):
    shop.deploy()
    told = shop.snap("watch", code=2)
    assert "worse than before the deploy: p95 is 0.9 s" in told.stdout
    assert f"go back with: snap restore {shop.before[:10]}" in told.stdout


def test_what_was_taken_after_the_deploy_is_no_baseline_when_another_is_named(shop: Shop):
    shop.deploy()
    shop.snap("take", "-m", "after 2.4", code=0)
    shop.watch(code=0)
    assert shop.watch("HEAD~1", code=2)["verdict"] == "failed"


def test_a_breach_restores_where_that_was_asked_for(shop: Shop):
    shop.deploy("0.4")
    shop.snap("take", "-m", "after 2.4", code=0)
    shop.says("0.9")
    found = shop.watch("HEAD~1", "--action", "restore", "--group", "frontend", code=2)
    assert found["restore"]["verified"] and shop.live == "one\n"
    assert (shop.snap.root / ".env").read_text() == "RELEASE=two\n"
    last = shop.snap("log", "-n", "1", "--json").json["commits"][0]
    assert last["trailers"]["Reason"].startswith("p95 is 0.9 s, it was 0.4 s")


def test_a_restore_that_goes_wrong_has_the_exit_code_of_that(snap: Snap):
    shop = shop_with(snap, f'{P95}\n[hooks]\nverify = [{{ run = "exit 1" }}]\n')
    shop.deploy()
    found = shop.watch("--action", "restore", code=4)
    assert found["restore"]["verified"] is False and shop.live == "one\n"


def test_a_restore_that_is_refused_says_what_got_worse_and_changes_nothing(snap: Snap):
    stop = 'before_restore = [{ run = "exit 1" }]'
    shop = shop_with(snap, f"{P95}\n[hooks]\n{stop}\n")
    shop.deploy()
    error = snap("watch", "--json", "--action", "restore", code=1).json["error"]
    assert error["what"].startswith("p95 is 0.9 s")
    assert "but what should follow failed: the hook failed with exit code 1" in error["what"]
    assert shop.live == "two\n"


@pytest.fixture
def shared(snap: Snap, tmp_path: Path) -> Iterator[tuple[Shop, git.Served]]:
    path = git.repository(tmp_path / "shop.git")
    yield shop_with(snap, f'action = "propose"\n{P95}', path), git.Served(path, str(path))


def test_a_breach_is_proposed_with_its_reason(shared: tuple[Shop, git.Served]):
    shop, remote = shared
    shop.deploy()
    found = shop.watch(code=2)
    branch = found["proposal"]["branch"]
    assert branch.startswith(f"rollback/{shop.before[:10]}-") and shop.live == "two\n"
    assert "Reason: p95 is 0.9 s, it was 0.4 s" in remote.git("log", "-1", "--format=%B", branch)
    path = shop.snap.root / "snapstore.toml"
    path.write_text(path.read_text().replace("[watch]", '[review]\nrequire = "none"\n\n[watch]', 1))
    shop.snap("propose", shop.before, code=0)
    again = shop.watch("--action", "notify", code=2)
    assert again["commit"] == shop.before, "not the snapshot that was taken to propose"
    shop.snap("apply", branch, "--yes", code=0)
    assert shop.live == "one\n"
    shop.says("0.4")
    assert shop.watch(code=0)["commit"] == shop.before, "not the one that the restore made"


@pytest.mark.parametrize(("action", "says"), [("propose", ""), ("restore", "NaN\n")])
def test_no_data_triggers_nothing(shop: Shop, action: str, says: str):
    shop.deploy(says)
    found = shop.watch("--action", action, code=1)
    assert found["verdict"] == "inconclusive" and found["reasons"] == ["no data"]
    assert found["plan"] is None and shop.live == "two\n"


def test_what_cannot_be_measured_triggers_nothing(shop: Shop):
    shop.deploy("lots")
    found = shop.watch("--action", "restore", code=1)
    assert found["verdict"] == "error" and "number" in found["reasons"][0]
    assert len(found["metrics"][0]["measurements"]) == 5  # consecutive_error_limit = 4
    assert shop.live == "two\n"


def test_a_command_that_hangs_is_ended_with_what_it_started(snap: Snap):
    shop = shop_with(
        snap, P95.replace("cat p95", "sleep 60 | cat") + "timeout = 0.1\nconsecutive_error_limit = 0"
    )
    shop.deploy()
    assert shop.watch("--interval", "0.01", code=1)["reasons"] == [
        "the command took longer than 0.1 s and was ended"
    ]


def test_a_breach_of_something_else_than_the_state_leaves_nothing_to_restore(shop: Shop):
    shop.says("0.9")
    told = shop.snap("watch", "--action", "restore", code=2)
    assert "there is nothing to restore" in told.stdout


def test_several_failures_may_be_needed(snap: Snap):
    count = 'command = "echo x >> calls; wc -l < calls"\nmax = 1\nfailure_limit = 1\nwindow = 3\ncount = 9\n'
    shop = shop_with(snap, f"[watch.metrics.calls]\n{count}")
    (snap.root / "calls").write_text("")
    phases = [one["phase"] for one in shop.watch(code=2)["metrics"][0]["measurements"]]
    assert phases == ["successful", "failed", "failed"]


def test_a_probe_finds_what_no_longer_answers(snap: Snap):
    with servers.page("fine") as page:
        shop = shop_with(snap, f'[watch.metrics.health]\nhttp = "{page.url}/health"\n')
        assert shop.watch(code=0)["verdict"] == "successful"
        page.status = 503
        assert shop.watch(code=2)["reasons"] == ["health is 0, less than 1"]
    assert shop.watch(code=2)["reasons"] == ["health is 0, less than 1"]


def test_a_probe_measures_how_long_an_answer_takes(snap: Snap):
    with servers.page("fine") as page:
        slow = f'[watch.metrics.home]\nhttp = "{page.url}"\nmeasure = "seconds"\nmax = 30\n'
        shop = shop_with(snap, f"{slow}consecutive_error_limit = 0")
        assert shop.watch("--count", "1", code=0)["metrics"][0]["measurements"][0]["values"][""] > 0
        page.status = 500
        assert shop.watch(code=1)["verdict"] == "error"


@pytest.mark.skipif(servers.PROMETHEUS is None, reason="needs Debian's prometheus")
def test_a_real_prometheus_is_asked_for_what_was_before_where_nobody_kept_it(snap: Snap, tmp_path: Path):
    past = servers.history(
        {'p95{path="/a"}': [0.2] * 100, 'errors{path="/a"}': [0.01] * 100, "rps": [9.0] * 100}
    )
    with servers.prometheus(tmp_path / "prometheus", past) as url:
        shop = shop_with(snap, "")
        metrics = (
            f'[watch.prometheus]\nurl = "{url}"\n'
            '[watch.metrics.p95]\nprometheus = "max(p95) * 2"\nmax_increase = "20%"\n'
            '[watch.metrics.errors]\nprometheus = "errors"\nunit = "ratio"\nmax_delta = "5pp"\n'
            'traffic = "sum(rps)"\nmin_traffic = 5\n'
        )
        snap.configure(CONFIG.format(remote="", more=metrics))
        assert [one["before"] for one in shop.watch(code=0)["metrics"]] == [{"": 0.4}, {'path="/a"': 0.01}]
        snap.configure(CONFIG.format(remote="", more=metrics.replace("min_traffic = 5", "min_traffic = 50")))
        quiet = shop.watch(code=1)
        assert quiet["reasons"] == ["too little traffic: 9 of at least 50"]
    gone = shop.watch("--interval", "0.01", code=1)
    assert gone["verdict"] == "error" and "cannot be reached" in gone["reasons"][0]


def test_no_secret_of_a_source_is_told(snap: Snap):
    snap.env["PROM_PASSWORD"] = servers.PASSWORD
    metrics = (
        '[watch.prometheus]\nurl = "http://127.0.0.1:1"\nuser = "a"\npassword = "${PROM_PASSWORD}"\n'
        '[watch.metrics.a]\nprometheus = "up"\nmax = 1\nconsecutive_error_limit = 0\n'
        "[watch.metrics.b]\ncommand = 'echo $PROM_PASSWORD canary-inline-123'\nmax = 1\n"
    )
    shop = shop_with(snap, metrics)
    said = [snap("--debug", "watch", code=1), snap("--debug", "take")]
    kept = [
        path.read_bytes().decode("latin-1") for path in (snap.root / "snapshots").rglob("*") if path.is_file()
    ]
    assert not [text for done in said for text in (done.stdout, done.stderr) if "canary" in text]
    assert not [text for text in kept if "canary" in text]
    assert shop.before


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("max = 1\n", "no source for its values"),
        ('command = "a"\nhttp = "b"\n', "more than one source"),
        ('command = "a"\n', "no limit"),
        ('command = "a"\nmax_increase = "5pp"\n', "max_increase` is no percentage"),
        ('command = "a"\nmax_increase = 0.2\n', "max_increase`: expected string"),
        ('command = "a"\nmax_delta = "20%"\n', "max_delta` is no absolute difference"),
        ('command = "a"\nmax_delta = "5pp"\n', "percentage points of what is no ratio"),
        ('prometheus = "up"\nmax = 1\n', "none is configured"),
        ('command = "a"\nmax = 1\ncount = 0\n', "count`"),
        ('command = "a"\nmax = 1\nintervall = 5\n', "unknown key"),
        ('command = "a"\nmax = 1\nmin_traffic = 5\n', "both traffic and min_traffic"),
    ],
)
def test_a_metric_that_contradicts_itself_is_an_error_with_its_line(tmp_path: Path, metric: str, said: str):
    path = tmp_path / "snapstore.toml"
    path.write_text(CONFIG.format(remote="", more=f"[watch.metrics.m]\n{metric}"))
    with pytest.raises(SnapError) as caught:
        config.load(path, {})
    assert said in caught.value.what and caught.value.fix
    assert caught.value.where.rpartition(":")[2].isdecimal()


def test_without_metrics_there_is_nothing_to_watch(snap: Snap):
    shop = shop_with(snap, "")
    assert json.loads(snap("watch", "--json", code=1).stdout)["error"]["what"] == "no metric is configured"
    assert shop.before
