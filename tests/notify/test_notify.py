"""Who is told what, through Apprise into a real web server, and what happens when that fails."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore import config
from snapstore.config.notifying import FIELDS, ContactTable, Event, NotifyTable
from snapstore.errors import SnapError
from snapstore.notify.messages import TEMPLATES, message
from snapstore.notify.sending import Sent
from tests.conftest import Snap
from tests.review import servers as git
from tests.watch.servers import Page, page

CONFIG = """
[store]
remote = "{remote}"

[resources.build]
adapter = "files"
path = "dist"

[notify]
to = [{to}]
timeout = {timeout}

[[notify.contacts]]
role = "Database Admin"
name = "Ada"
contact = "+1 555 0100"
{more}
"""
TOKEN = "canary-hook-0123456789"


@dataclass(frozen=True)
class Team:
    """A project, and the web server that its messages go to."""

    snap: Snap
    hook: Page

    @property
    def url(self) -> str:
        return f"{self.hook.url.replace('http', 'json')}/{TOKEN}"

    def configure(self, to: str = "", more: str = "", remote: object = "", timeout: float = 20) -> None:
        recipients = to or f'{{ url = "{self.url}", name = "team" }}'
        self.snap.configure(CONFIG.format(to=recipients, more=more, remote=remote, timeout=timeout))

    def deploy(self, text: str) -> None:
        (self.snap.root / "dist").mkdir(exist_ok=True)
        (self.snap.root / "dist" / "app.js").write_text(text)

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.hook.seen]

    def titles(self) -> list[str]:
        return [one["title"].partition("]")[0] + "]" for one in self.told()]


@pytest.fixture
def team(snap: Snap) -> Iterator[Team]:
    with page() as hook:
        made = Team(snap, hook)
        made.configure()
        made.deploy("one\n")
        snap("take", "-m", "before 2.4", code=0)
        yield made


def test_a_team_is_told_of_a_deploy_and_that_is_recorded(team: Team):
    said = team.snap("notify", "2.4 goes out at 21:00", "--json", code=0).json
    assert msgspec.to_builtins(msgspec.convert(said, Sent)) == said
    assert said["event"] == "deploy" and said["deliveries"] == [{"to": "team", "problem": ""}]
    assert said["commit"] == team.snap("log", "--json").json["commits"][0]["commit"]
    (told,) = team.told()
    assert told["title"] == "[DEPLOY] main: 2.4 goes out at 21:00"
    assert f"snap restore {said['commit'][:10]}" in told["message"]
    assert "Database Admin: Ada, +1 555 0100" in told["message"]
    kept = (team.snap.root / "snapshots" / "snapstore" / "notified.jsonl").read_text()
    assert json.loads(kept) == said


def test_a_restore_is_told_of_when_it_begins_and_when_it_is_done(team: Team):
    team.deploy("two\n")
    team.snap("restore", "HEAD", "--yes", "--reason", "checkout is broken", code=0)
    begun, done = sorted(team.told(), key=lambda one: one["title"], reverse=True)
    assert team.titles() == ["[ROLLBACK]", "[ROLLBACK DONE]"]
    assert "Reason: checkout is broken" in begun["message"] and "[ ] Services restored" in begun["message"]
    assert "Impact: 1 resource, 1 to change" in begun["message"]
    assert "[x] Services restored" in done["message"] and re.search(r"Duration: \d", done["message"])
    assert (begun["type"], done["type"]) == ("info", "success")


def test_a_restore_that_does_nothing_is_told_to_nobody(team: Team):
    team.snap("restore", "HEAD", "--yes", code=0)
    assert team.told() == []


@pytest.mark.parametrize(("hook", "code"), [("verify", 4), ("before_restore", 1)])
def test_a_restore_that_fails_is_told_with_whom_to_call(team: Team, hook: str, code: int):
    team.configure(more=f'[hooks]\n{hook} = [{{ run = "exit 7" }}]')
    team.deploy("two\n")
    team.snap("restore", "HEAD", "--yes", code=code)
    failed = team.told()[-1]
    assert failed["title"].startswith("[ROLLBACK FAILED]") and failed["type"] == "failure"
    assert "failed with exit code 7" in failed["message"] and "Ada" in failed["message"]


def test_drift_is_told_of_when_asked_to(team: Team):
    team.snap("status", "--notify", code=0)
    team.deploy("two\n")
    team.snap("status", code=2)
    assert team.told() == []
    team.snap("status", "--notify", code=2)
    (told,) = team.told()
    assert told["title"] == "[DRIFT] main: build changed" and "app.js" in told["message"]


def test_a_proposal_is_told_of_once(team: Team, tmp_path: Path):
    team.configure(remote=git.repository(tmp_path / "shop.git"))
    team.deploy("two\n")
    team.snap("propose", "HEAD", "--reason", "slow", code=0)
    team.snap("propose", "HEAD~1", code=0)
    (told,) = team.told()
    assert told["title"].startswith("[ROLLBACK PROPOSED]") and "Reason: slow" in told["message"]
    assert "snap apply rollback/" in told["message"]


def test_what_got_worse_is_told_before_anything_follows(team: Team):
    team.configure(more='[watch.metrics.errors]\ncommand = "echo 9"\nmax = 1\ninterval = 0.1\n')
    team.deploy("two\n")
    team.snap("watch", "--action", "restore", code=2)
    assert team.titles() == ["[WORSE]", "[ROLLBACK]", "[ROLLBACK DONE]"]
    assert "it is rolled back now" in team.told()[0]["message"]
    assert "errors is 9, more than 1" in team.told()[2]["message"]
    team.configure(more='[watch.metrics.errors]\ncommand = ":"\nmax = 1\n')
    team.snap("watch", code=1)
    assert team.titles()[-1] == "[UNCLEAR]" and "no data" in team.told()[-1]["message"]


def test_recipients_get_what_they_want_to_know(team: Team):
    other = f'{{ url = "{team.url}/failed", on = ["failed", "drift"] }}'
    team.configure(f'{{ url = "{team.url}/all" }}, {other}')
    team.deploy("two\n")
    team.snap("restore", "HEAD", "--yes", code=0)
    assert {path.rpartition("/")[2] for path, _, _ in team.hook.seen} == {"all"}


def test_recipients_that_fail_never_fail_a_restore(team: Team):
    team.hook.status = 500
    urls = [team.url, f"json://127.0.0.1:1/{TOKEN}", f"canary://{TOKEN}"]
    team.configure(", ".join(f'{{ url = "{url}" }}' for url in urls))
    team.deploy("two\n")
    ran = team.snap("--quiet", "restore", "HEAD", "--yes", code=0)
    assert "verified" in ran.stdout
    assert ran.stderr.count("was not told that a restore is done: ") == 3
    assert "notify.to[1] (json) was not told" in ran.stderr and TOKEN not in ran.stderr + ran.stdout
    told = team.snap("notify", "2.4", code=1)
    assert "told nobody" in told.stdout and TOKEN not in told.stderr


def test_a_recipient_that_does_not_answer_is_not_waited_for(team: Team):
    team.hook.hangs = True
    team.configure(timeout=0.5)
    team.deploy("two\n")
    ran = team.snap("restore", "HEAD", "--yes", code=0)
    assert "verified" in ran.stdout and "it took too long" in ran.stderr


def test_no_secret_is_told_and_no_address_is_anywhere(team: Team):
    team.snap.env["API_PASSWORD"] = "canary-api-0123456789"
    team.deploy("two\n")
    ran = team.snap("--debug", "restore", "HEAD", "--yes", "--reason", "canary-api-0123456789 leaked", code=0)
    assert "canary-api" not in json.dumps(team.told())
    assert "*** leaked" in team.told()[-1]["message"]
    files = [path for path in (team.snap.root / "snapshots").rglob("*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files)
    assert b"canary" not in kept and "canary" not in ran.stderr + ran.stdout


def test_templates_of_ones_own_are_used(team: Team):
    own = '[notify.templates]\nfinished = """Done: {title}\n{resources} in {duration}, {nothing"""\n'
    team.configure(more=own)
    team.deploy("two\n")
    team.snap("restore", "HEAD", "--yes", code=0)
    done = team.told()[-1]
    assert done["title"].startswith("Done: restore to ")
    assert re.match(r"build in \d.* s, \{nothing", done["message"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('templates = { finished = "{tilte}" }', "{tilte}, which is no field"),
        ('to = [{ url = "json://x", on = ["finishd"] }]', "none of the values"),
        ("to = [{}]", "url` is missing"),
        ('contacts = [{ role = "x", name = "y" }]', "contact` is missing"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(tmp_path: Path, more: str, said: str):
    path = tmp_path / "snapstore.toml"
    path.write_text(f'[resources.b]\nadapter = "files"\npath = "d"\n[notify]\n{more}\n')
    with pytest.raises(SnapError) as caught:
        config.load(path, {})
    assert said in caught.value.what and caught.value.fix


def test_without_recipients_there_is_nobody_to_tell(snap: Snap):
    snap.configure('[resources.build]\nadapter = "files"\npath = "dist"\n')
    (snap.root / "dist").mkdir()
    snap("take", code=0)
    assert "nobody to tell" in snap("notify", "2.4", code=1).stderr


@pytest.mark.parametrize("event", Event)
def test_every_event_has_words_that_use_known_fields_only(event: Event):
    filled = message(NotifyTable(), event, {field: f"<{field}>" for field in FIELDS})
    assert "{" not in filled.title + filled.body
    assert filled.title.startswith("[") and "\n" not in filled.title
    assert event in TEMPLATES


def test_control_characters_of_foreign_names_do_not_get_into_a_message():
    contact = [ContactTable("DBA", "\x1b[31mEve", "x")]
    told = message(NotifyTable(contacts=contact), Event.DEPLOY, {"message": "a\x1b]0;b\nc"})
    assert "\x1b" not in told.title + told.body
