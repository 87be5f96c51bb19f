"""``snap propose``: what is in the remote afterwards, on real servers, and what never is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.plan import decode
from snapstore.store.remote import Login, Remote, refs, require_private
from tests.conftest import Done
from tests.review.conftest import SECRET, Project
from tests.review.servers import TOKEN


def propose(project: Project, *words: str) -> dict[str, object]:
    found: dict[str, object] = project.snap("propose", *words, "--json", code=0).json
    return found


def test_the_remote_has_the_state_after_the_restore_and_the_plan(anyhow: Project):
    told = propose(anyhow, "HEAD~1")
    name = f"rollback/{anyhow.old[:10]}-1"
    assert (told["branch"], told["changed"]) == (name, True)
    git = anyhow.served.git
    assert git("rev-parse", name) == told["commit"]
    assert git("rev-parse", f"{name}^") == git("rev-parse", "main")
    for resource in ("build", "env", "snapshot.json"):
        assert git("rev-parse", f"{name}:{resource}") == git("rev-parse", f"{anyhow.old}:{resource}")
    folder = f"plans/{str(told['plan'])[:12]}"
    assert git("diff", "--name-only", "main", name).splitlines() == [
        "build/files/app.js",
        "env/variables.json",
        f"{folder}/PLAN.md",
        f"{folder}/plan.json",
        f"{folder}/plan.sql",
    ]
    plan = decode((git("show", f"{name}:{folder}/plan.json") + "\n").encode())
    assert plan.digest == told["plan"]
    page = git("show", f"{name}:{folder}/PLAN.md")
    assert f"snap apply {name}\n" in page
    git("fsck", "--full", "--strict")


def test_nothing_in_the_systems_changes(shop: Project):
    before = {path: path.read_bytes() for path in shop.snap.root.rglob("*") if path.is_file()}
    propose(shop, "HEAD~1")
    store = shop.snap.root / "snapshots"
    after = {path: path.read_bytes() for path in before if store not in path.parents}
    assert after == {path: data for path, data in before.items() if path in after}


def test_the_same_proposal_again_leaves_the_branch_as_it_is(shop: Project):
    first = propose(shop, "HEAD~1")
    assert propose(shop, shop.old) == {**first, "changed": False}
    assert len(shop.served.refs()) == 2


def test_a_later_state_is_proposed_on_the_same_branch(shop: Project):
    first = propose(shop, shop.old)
    shop.deploy("three")
    second = propose(shop, shop.old)
    assert second["branch"] == first["branch"] and second["commit"] != first["commit"]
    git = shop.served.git
    assert git("rev-parse", str(second["branch"])) == second["commit"]
    assert git("rev-parse", f"{second['branch']}^") == git("rev-parse", "main")
    assert git("log", "-1", "--format=%s", "main") == f"Before the proposal to go back to {shop.old[:10]}"


def test_what_is_out_of_scope_stays_as_it_is_and_has_a_branch_of_its_own(shop: Project):
    settings = propose(shop, shop.old, "--group", "settings")
    git = shop.served.git
    assert git("diff", "--name-only", "main", f"{settings['branch']}", "--", "build", "env").splitlines() == [
        "env/variables.json",
    ]
    assert propose(shop, shop.old, "--group", "frontend")["branch"] == f"rollback/{shop.old[:10]}-2"
    assert propose(shop, shop.old, "--group", "settings")["branch"] == settings["branch"]


def test_after_a_merge_the_next_proposal_is_another_one(shop: Project, tmp_path: Path):
    first = propose(shop, shop.old)
    shop.served.git("update-ref", "refs/heads/main", str(first["commit"]))
    shop.deploy("three")
    second = propose(shop, shop.old)
    assert second["branch"] == f"rollback/{shop.old[:10]}-2"
    log = shop.snap("log", "--json", code=0).json["commits"]
    assert first["commit"] in [entry["commit"] for entry in log]
    assert "plans" not in shop.served.git("ls-tree", "--name-only", "main").splitlines()


def test_there_is_nothing_to_propose_where_nothing_differs(shop: Project):
    assert propose(shop, "HEAD")["branch"] is None
    assert not [name for name in shop.served.refs() if "rollback" in name]


def test_a_part_of_a_resource_cannot_be_proposed(shop: Project):
    done = shop.snap("propose", shop.old, "--only", "env:RELEASE", code=1)
    assert "use --only env" in done.stderr
    assert shop.served.refs() == {}


# What the server says


def test_why_it_was_proposed_stays_said_when_it_is_brought_up_to_date(shop: Project):
    shop.snap("propose", shop.old, "--reason", "slow checkout", code=0)
    shop.deploy("three")
    branch = shop.snap("propose", shop.old, "--json", code=0).json["branch"]
    assert "\nReason: slow checkout\n" in shop.served.git("log", "-1", "--format=%B", branch) + "\n"
    assert "three" in shop.served.git("show", f"{branch}~:build/files/app.js")


def test_what_is_lacking_for_a_request_is_said(shop: Project):
    said = shop.snap("propose", shop.old, code=0).stderr
    assert "no request was opened: no forge is known to be at the remote" in said
    path = shop.snap.root / "snapstore.toml"
    path.write_text(path.read_text() + '\n[review]\nforge = "gitlab"\n')
    del shop.snap.env["SNAPSTORE_TOKEN"]
    shop.snap.configure(path.read_text().replace(shop.served.url, str(shop.served.path)))
    said = shop.snap("propose", shop.old, code=0).stderr
    assert "no request was opened: there is no token: set SNAPSTORE_TOKEN or GITLAB_TOKEN" in said


def test_what_a_server_refuses_is_an_error_with_its_reason(anyhow: Project):
    anyhow.served.hook("pre-receive", "echo 'policy: nobody pushes on a friday' >&2; exit 1")
    done = anyhow.snap("propose", "HEAD~1", code=1)
    assert "refused" in done.stderr and "policy: nobody pushes on a friday" in done.stderr
    assert anyhow.served.refs() == {}


def test_one_refused_branch_is_enough(shop: Project):
    shop.served.hook("update", 'case "$1" in refs/heads/rollback/*) echo no rollbacks >&2; exit 1;; esac')
    done = shop.snap("propose", "HEAD~1", code=1)
    assert "the push of refs/heads/rollback/" in done.stderr and "no rollbacks" in done.stderr
    assert list(shop.served.refs()) == ["refs/heads/main"]


def test_a_push_that_is_said_to_be_done_but_is_not_is_an_error(shop: Project):
    shop.served.hook("post-receive", "git for-each-ref --format='delete %(refname)' | git update-ref --stdin")
    done = shop.snap("propose", "HEAD~1", code=1)
    assert "the push of refs/heads/" in done.stderr and "refused" in done.stderr


def test_snapshots_that_somebody_else_has_pushed_are_taken_over(shop: Project):
    propose(shop, shop.old)
    tree = shop.served.git("rev-parse", "main^{tree}")
    identity = ("-c", "user.name=o", "-c", "user.email=o@example.org")
    theirs = shop.served.git(*identity, "commit-tree", tree, "-p", "main", "-m", "theirs")
    shop.served.git("update-ref", "refs/heads/main", theirs)
    propose(shop, shop.old)
    assert theirs in [entry["commit"] for entry in shop.snap("log", "--json", code=0).json["commits"]]


def test_histories_that_have_parted_are_left_alone(shop: Project):
    propose(shop, shop.old)
    tree = shop.served.git("rev-parse", f"{shop.old}^{{tree}}")
    identity = ("-c", "user.name=o", "-c", "user.email=o@example.org")
    theirs = shop.served.git(*identity, "commit-tree", tree, "-p", shop.old, "-m", "theirs")
    shop.served.git("update-ref", "refs/heads/main", theirs)
    before = shop.served.refs()
    done = shop.snap("propose", shop.old, code=1)
    assert "fetch, and merge or reset refs/heads/main" in done.stderr
    assert shop.served.refs() == before


# Getting in


def told(done: Done) -> str:
    return done.stdout + done.stderr


def test_a_wrong_token_is_told_without_it(shop: Project):
    wrong = "another-canary-4711"
    done = shop.snap("propose", "HEAD~1", "--debug", code=1, env={"SNAPSTORE_TOKEN": wrong})
    assert "does not accept this password or token" in done.stderr
    assert "set SNAPSTORE_TOKEN" in done.stderr
    assert wrong not in told(done)
    assert shop.served.refs() == {}


@pytest.mark.parametrize("setting", ["${DEPLOY_TOKEN}", TOKEN])
def test_the_token_may_be_in_the_configuration(shop: Project, setting: str):
    path = shop.snap.root / "snapstore.toml"
    path.write_text(path.read_text() + f'[review]\ntoken = "{setting}"\n')
    env = {"SNAPSTORE_TOKEN": "", "DEPLOY_TOKEN": TOKEN}
    done = shop.snap("propose", "HEAD~1", "--debug", code=0, env=env)
    assert TOKEN not in told(done)


def test_a_password_in_the_url_is_used_and_masked(shop: Project):
    path = shop.snap.root / "snapstore.toml"
    path.write_text(path.read_text().replace("http://", f"http://me:{TOKEN}@"))
    done = shop.snap("propose", "HEAD~1", "--debug", code=0, env={"SNAPSTORE_TOKEN": "wrong-one-0815"})
    assert TOKEN not in told(done)


def test_no_secret_is_in_what_was_pushed(shop: Project):
    branch = propose(shop, "HEAD~1")["branch"]
    everything = shop.served.git("log", "-p", "--all", "--format=%B")
    assert str(branch).partition("-")[0].removeprefix("rollback/") in everything
    assert SECRET not in everything and TOKEN not in everything


def test_no_token_goes_through_a_network_in_clear():
    login = Login("git", TOKEN)
    with pytest.raises(SnapError, match="in clear"):
        refs(Remote("http://git.example/team/shop.git", login))
    require_private("http://git.example/team/shop.git", None)
    require_private("http://127.0.0.1:8080/team/shop.git", login)
    assert TOKEN not in repr(login)


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        ("http://127.0.0.1:9/x.git", "cannot be reached"),
        ("ssh://127.0.0.1:9/x.git", "cannot be reached"),
        ("nowhere/at/all.git", "no Git repository"),
    ],
)
def test_a_remote_that_is_not_there_is_told(shop: Project, remote: str, message: str):
    path = shop.snap.root / "snapstore.toml"
    path.write_text(path.read_text().replace(shop.served.url, remote))
    done = shop.snap("propose", "HEAD~1", code=1)
    assert message in done.stderr and "Traceback" not in done.stderr
    assert remote in done.stderr


def test_without_a_remote_the_setting_is_named(shop: Project):
    path = shop.snap.root / "snapstore.toml"
    path.write_text(path.read_text().replace("remote =", "# remote ="))
    assert "remote = " in shop.snap("propose", "HEAD~1", code=1).stderr


def test_the_document_has_the_shape_of_its_schema(shop: Project):
    import msgspec

    from snapstore.render.documents import ProposalDocument

    printed = propose(shop, "HEAD~1")
    assert msgspec.to_builtins(msgspec.convert(printed, ProposalDocument)) == printed
    assert json.dumps(printed)
