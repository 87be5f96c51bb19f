"""``snap pull`` and ``snap push``: one store on two machines."""

from __future__ import annotations

import shutil

from tests.review.conftest import Project, deploy


def elsewhere(project: Project) -> None:
    """The same systems, seen from a machine that has no store yet."""
    shutil.rmtree(project.snap.root / "snapshots")


def test_a_new_machine_gets_snapshots_hints_and_keys_and_can_restore(shop: Project):
    pushed = shop.snap("push", "--json", code=0).json
    assert pushed["changed"] and shop.served.refs() == {"refs/heads/main": pushed["commit"]}
    assert shop.snap("push", "--json", code=0).json["changed"] is False
    log = shop.snap("log", "--json", code=0).json
    elsewhere(shop)
    pulled = shop.snap("pull", "--json", code=0).json
    assert pulled == {"branch": "main", "commit": pushed["commit"], "changed": True}
    commits = [entry["commit"] for entry in log["commits"]]
    assert [entry["commit"] for entry in shop.snap("log", "--json", code=0).json["commits"]] == commits
    assert shop.snap("status", code=0).code == 0
    shop.snap("restore", shop.old, "--yes", code=0)
    assert "RELEASE=one" in (shop.snap.root / ".env").read_text()


def test_what_is_pushed_beside_the_snapshots_is_told(shop: Project):
    shop.snap("push", code=0)
    shop.snap("key", "rotate", code=0)
    assert "has its snapshots already; pushed: keys" in shop.snap("push", code=0).stdout
    assert "the remote is up to date" in shop.snap("push", code=0).stdout


def test_a_proposal_is_applied_on_another_machine(shop: Project):
    branch = shop.snap("propose", shop.old, "--json", code=0).json["branch"]
    elsewhere(shop)
    path = shop.snap.root / "snapstore.toml"
    path.write_text(path.read_text() + '[review]\nrequire = "none"\n')
    shop.snap("pull", code=0)
    done = shop.snap("apply", branch, "--yes", code=5)
    assert "the rules have changed" in done.stderr
    branch = shop.snap("propose", shop.old, "--json", code=0).json["branch"]
    elsewhere(shop)
    shop.snap("pull", code=0)
    assert shop.snap("apply", branch, "--yes", "--json", code=0).json["verified"]


def test_machines_that_have_parted_are_told_and_nothing_is_lost(shop: Project):
    shop.snap("push", code=0)
    theirs = shop.served.git(
        *("-c", "user.name=o", "-c", "user.email=o@example.org"),
        *("commit-tree", "main^{tree}", "-p", "main", "-m", "theirs"),
    )
    deploy(shop.snap, "three")
    shop.snap("take", code=0)
    shop.served.git("update-ref", "refs/heads/main", theirs)
    for command in ("push", "pull"):
        assert "and the other way round" in shop.snap(command, code=1).stderr
    assert shop.served.git("rev-parse", "main") == theirs
