"""What a report tells of a restore, and the history of a store as a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from snapstore.reports.story import Story
from tests.conftest import Snap

CONFIG = """
[resources.build]
adapter = "files"
path = "dist"

[resources.env]
adapter = "dotenv"
path = ".env"

[[notify.contacts]]
role = "Database Admin"
name = "Ada"
contact = "+1 555 0100"

[watch.metrics.queue]
command = "cat queue"
max = 50
interval = 0.05
count = 1
{more}
"""
HOSTILE = "<img src=x onerror=alert(1)>&\"'</style><script>alert(2)</script>"


def deploy(snap: Snap, text: str) -> None:
    (snap.root / "dist").mkdir(exist_ok=True)
    (snap.root / "dist" / "app.js").write_text(text)
    (snap.root / ".env").write_text(f"RELEASE={text}\n")


@pytest.fixture
def shop(snap: Snap) -> Snap:
    snap.configure(CONFIG.format(more=""))
    (snap.root / "queue").write_text("12")
    deploy(snap, "one")
    snap("take", "-m", "before 2.4", "--deploy", "2.4", code=0)
    deploy(snap, "two")
    return snap


def restored(snap: Snap, *words: str, code: int = 0) -> None:
    snap("restore", "HEAD", "--yes", "--reason", "checkout is broken", *words, code=code)


def test_a_report_tells_what_happened_and_fills_in_the_template(shop: Snap):
    restored(shop)
    text = shop("report", code=0).stdout
    assert text.startswith("# Restore 1: restore to `")
    assert "**Done and verified.**" in text
    assert "due to: `checkout is broken`" in text
    assert "**Impact**: `2 resources, 2 to change`" in text
    assert "- [x] Rollback initiated\n- [x] Services restored\n- [ ] Monitoring active" in text
    assert "- `Database Admin: Ada, +1 555 0100`" in text
    assert "- `env` (`dotenv`): ~1\n  - ~ `var RELEASE`" in text
    assert "- `build` restored, 1 of 1" in text
    for moment in ("restore begins: 2 actions", "build: change file app.js", "captured and verified"):
        assert re.search(rf"- \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{{4}} `{moment}", text)


def test_where_nobody_said_why_it_is_what_had_got_worse(shop: Snap):
    (shop.root / "queue").write_text("70")
    shop("watch", code=2)
    shop("restore", "HEAD", "--yes", code=0)
    text = shop("report", code=0).stdout
    assert (
        "due to: `queue is 70, more than 50 (nobody said why; the last watch before had found this)`" in text
    )
    assert "- [ ] Document rollback reason" in text


def test_what_is_done_afterwards_ticks_its_boxes(shop: Snap):
    restored(shop)
    shop("watch", code=0)
    text = shop("report", "--root-cause", "the pool was too small", code=0).stdout
    for box in ("Monitoring active", "Check error rates and performance", "Root cause identified"):
        assert f"- [x] {box}" in text
    assert "- [ ] Schedule retry" in text
    story = shop("report", "--json", code=0).json
    times = [time for time, _ in story["plots"][0]["series"][""]]
    assert times == sorted(times) and times[0] < story["began"] < story["ended"] < times[-1]
    assert "- `queue`: at most 12, last 12" in text


def test_the_document_has_the_shape_of_its_schema(shop: Snap):
    restored(shop)
    found = shop("report", "--json", code=0).json
    assert json.loads(msgspec.json.encode(msgspec.convert(found, Story))) == found
    assert found["well"] and found["deploy"] == "deploy 2.4" and found["reason"] == "checkout is broken"


def test_a_restore_is_named_by_its_number_or_by_the_snapshot_it_made(shop: Snap):
    shop("take", "-m", "after 2.4", code=0)
    shop("restore", "HEAD~1", "--yes", code=0)
    shop("undo", "--yes", code=0)
    numbers = [shop("report", *words, "--json", code=0).json["number"] for words in ([], ["1"], ["HEAD~1"])]
    assert numbers == [2, 1, 1]
    assert "the last is 2" in shop("report", "7", code=1).stderr
    assert "there is no restore" in shop("report", "HEAD~2", code=1).stderr


def test_without_a_restore_there_is_nothing_to_report(shop: Snap):
    assert "there was no restore yet" in shop("report", code=1).stderr


def test_a_restore_that_did_not_go_as_promised_is_told_as_such(shop: Snap):
    shop.configure(CONFIG.format(more='[hooks]\nverify = [{ run = "exit 7", name = "health" }]'))
    restored(shop, code=4)
    text = shop("report", code=0).stdout
    assert "**Done, but not as promised.**" in text
    assert "- [ ] Services restored" in text
    assert re.search(r"not as promised: .*health.*failed with exit code 7", text)


def test_reports_are_written_by_themselves_and_lessons_only_once(shop: Snap):
    shop.configure(CONFIG.format(more='[report]\nfolder = "reports"\nlessons = "Issues/lessons-learned.md"'))
    restored(shop)
    assert {path.name for path in (shop.root / "reports").iterdir()} == {
        "restore-000001.md",
        "restore-000001.html",
    }
    lessons = shop.root / "Issues" / "lessons-learned.md"
    first = lessons.read_text()
    assert "- **Reason**: `checkout is broken`" in first and "- **Root cause**: to be found" in first
    lessons.write_text(first + "\nwhat people wrote\n")
    shop("report", code=0)
    assert lessons.read_text() == first + "\nwhat people wrote\n"
    deploy(shop, "three")
    restored(shop)
    assert lessons.read_text().count("## 20") == 2 and "what people wrote" in lessons.read_text()


def test_a_report_that_cannot_be_written_is_a_warning(shop: Snap):
    shop.configure(CONFIG.format(more='[report]\nfolder = "queue"'))
    deploy(shop, "three")
    ran = shop("restore", "HEAD", "--yes", "--quiet", code=0)
    assert "the report could not be written" in ran.stderr and "verified" in ran.stdout


def test_a_report_goes_where_it_is_asked_to(shop: Snap):
    restored(shop)
    assert shop("report", "-o", "page.html", code=0).stdout == ""
    assert (shop.root / "page.html").read_text().startswith("<!doctype html>")
    assert shop("report", "--format", "html", code=0).stdout.startswith("<!doctype html>")
    assert "cannot be written" in shop("report", "-o", "queue/page.html", code=1).stderr


def test_a_secret_is_in_no_report(shop: Snap):
    secret = "canary-report-0123456789"
    shop.env["API_TOKEN"] = secret
    deploy(shop, secret)
    shop("restore", "HEAD", "--yes", "--reason", f"{secret} leaked", code=0)
    for form in ("markdown", "html"):
        assert secret not in shop("report", "--format", form, code=0).stdout
    assert secret not in shop("report", "--json", code=0).stdout


def test_names_from_elsewhere_are_text_in_every_form(shop: Snap):
    (shop.root / "dist" / HOSTILE.replace("/", ":")).write_text("x")
    shop("take", "-m", HOSTILE, code=0)
    (shop.root / "dist" / HOSTILE.replace("/", ":")).unlink()
    shop("restore", "HEAD", "--yes", "--reason", HOSTILE, code=0)
    page, log = shop("report", "--format", "html", code=0).stdout, shop("log", "--html", code=0).stdout
    for made in (page, log):
        assert not re.search("<(img|script)", made)
        assert made.count("</style>") == 1 and "&lt;img src=x onerror=alert(1)&gt;" in made
    assert "<img" not in re.sub("`[^`]*`|<code>.*?</code>", "", shop("report", code=0).stdout)


def test_the_history_shows_what_changed_and_where_restores_went(shop: Snap):
    shop("take", "-m", "after 2.4", code=0)
    shop("restore", "HEAD~1", "--yes", "--reason", "slow", code=0)
    deploy(shop, "three")
    shop("restore", "HEAD", "--yes", code=0)
    shop("log", "--html", "-o", "log.html", "--json", code=0)
    page = (shop.root / "log.html").read_text()
    assert "3 snapshots, 2 restores" in page
    assert page.count('class="leave"') == page.count('class="arrive"') == 2
    assert "Restore 2 to " in page and "Reason: slow" in page and "Deploy: 2.4" in page
    rows = [page.index(f"<b>{title}") for title in ("Restore 2 to ", "Restore ", "after 2.4", "before 2.4")]
    assert rows == sorted(rows)
    assert 'title="build: 1 changed, after 2.4"' in page
    short = shop("log", "--html", "-n", "1", code=0).stdout
    assert "Older snapshots are not shown" in short
    assert "-o takes --html" in shop("log", "-o", "x", code=1).stderr


def test_a_history_without_restores_or_changes_is_a_page_too(snap: Snap, tmp_path: Path):
    snap.configure(CONFIG.format(more=""))
    deploy(snap, "one")
    (snap.root / "queue").write_text("1")
    snap("take", code=0)
    assert "1 snapshot, 0 restores" in snap("log", "--html", code=0).stdout
    assert json.loads(snap("log", "--html", "--json", code=0).stdout)["commits"]
