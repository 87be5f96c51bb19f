"""What CI runs, on a real server and a forge, and that no input becomes part of a script."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.review.conftest import Project
from tests.review.forge import Forge

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "snapstore" / "ci.sh"


def path() -> dict[str, str]:
    """Where ``snap`` and its Python are found."""
    return {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(project: Project, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**project.snap.environment(), **variables, **path()}
    return subprocess.run(
        ["sh", str(SCRIPT)], cwd=project.snap.root, env=env, capture_output=True, text=True, check=False
    )


def test_the_jobs_around_a_deploy(shop: Project, forge: Forge):
    shop.deploy("three")
    recorded = {"SNAP_DEPLOY": "812", "SNAP_OPERATOR": "Ada; touch x"}
    ran = run(shop, SNAP_COMMAND="take", SNAP_MESSAGE="before 'four' $(touch x)", **recorded)
    assert ran.returncode == 0, ran.stderr
    assert shop.served.git("log", "-1", "--format=%s", "main") == "before 'four' $(touch x)"
    (told,) = shop.snap("log", "-n", "1", "--json", code=0).json["commits"][0]["told"]
    assert (told["deploy"], told["operator"]) == ("812", "Ada; touch x")
    assert not (shop.snap.root / "x").exists()
    assert run(shop, SNAP_COMMAND="status").returncode == 0 and forge.issues == []
    shop.deploy("four")
    for _ in range(2):
        assert run(shop, SNAP_COMMAND="status").returncode == 2
    (issue,) = forge.issues
    assert issue["state"] == "open" and "app.js" in issue["body"]
    shutil.rmtree(shop.snap.root / "snapshots")  # a runner begins with nothing
    proposal = {"SNAP_REVISION": shop.old, "SNAP_GROUP": "frontend settings", "SNAP_REHEARSE": "true"}
    ran = run(shop, SNAP_COMMAND="propose", **proposal)
    assert ran.returncode == 0, ran.stderr
    assert "rehearsed" in ran.stdout
    assert run(shop, SNAP_COMMAND="preflight").returncode == 3
    assert run(shop, SNAP_COMMAND="status").returncode == 0 and issue["state"] == "closed"
    (pull,) = forge.pulls
    assert run(shop, SNAP_COMMAND="apply", SNAP_PLAN=pull.head).returncode == 3
    forge.approve("ann")
    ran = run(shop, SNAP_COMMAND="apply", SNAP_PLAN=pull.head, SNAP_ALLOW="data-loss downtime")
    assert ran.returncode == 0, ran.stderr
    assert (shop.snap.root / "dist" / "app.js").read_text() == "one\n"


def test_a_deploy_is_watched_by_another_runner_than_took_the_snapshot(shop: Project, github: Forge):
    config = shop.snap.root / "snapstore.toml"
    watch = '[watch]\naction = "propose"\n[watch.metrics.p95]\ncommand = "cat p95"\nmax_increase = "20%"\n'
    config.write_text(f"{config.read_text()}\n{watch}")
    (shop.snap.root / "p95").write_text("0.4")
    assert run(shop, SNAP_COMMAND="take").returncode == 0
    shop.deploy("three")
    (shop.snap.root / "p95").write_text("0.9")
    shutil.rmtree(shop.snap.root / "snapshots")
    ran = run(shop, SNAP_COMMAND="watch")
    assert ran.returncode == 2, ran.stderr
    (pull,) = github.pulls
    assert "0.9, it was 0.4: 125% more" in pull.body


def test_inputs_of_the_action_reach_the_shell_as_variables_only():
    text = (ROOT / "action.yml").read_text()
    declared = set(re.findall(r"^  (\w+):$", text.partition("runs:")[0], re.M))
    used = set(re.findall(r"inputs\.(\w+)", text))
    assert declared == used and declared
    for script in re.findall(r"^\s+run: (.*)$", text, re.M):
        assert "${{" not in script
    for name in re.findall(r"^        (SNAP_\w+):", text, re.M):
        assert f"${{{name}" in SCRIPT.read_text() or f"${name}" in SCRIPT.read_text()


def test_the_template_runs_only_commands_that_there_are():
    text = (ROOT / "ci" / "gitlab.yml").read_text()
    commands = re.findall(r"SNAP_COMMAND: (\w+)", text)
    assert sorted(commands) == ["apply", "propose", "status", "take", "watch"]
    assert all(f"\n{command})\n" in SCRIPT.read_text() for command in commands)
    (script,) = re.findall(r"^    - sh (.*)$", text, re.M)
    found = subprocess.run(
        ["sh", "-c", f"echo {script}"], env=path(), capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()) == SCRIPT
