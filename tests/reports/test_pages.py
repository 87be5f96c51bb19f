"""The pages in a real browser: nothing sticks out, all of it can be read, and nothing is fetched."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from snapstore.model import Blob, Condition, FileChange, Hazard, HazardName, Outcome, ResourceChanges
from snapstore.render import history, report
from snapstore.render.history import Row
from snapstore.render.plots import Plot
from snapstore.reports.story import Box, Moment, Mood, Story
from snapstore.store import CommitInfo
from tests.watch.servers import page

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")

LONG = "a-name-that-goes-on-and-on-without-any-place-where-a-line-could-be-broken-" * 3
HOSTILE = "<script>document.title='owned'</script><img src=https://example.com/x.png>"
NOW = 1_790_000_000.0
WIDTHS = (1200, 360)

# Run by the page around the two frames, which has no part in what is measured.
LOOK = """
const channel = c => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
const numbers = c => (c.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
function behind(element, view) {
  for (let e = element; e; e = e.parentElement) {
    const c = numbers(view.getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c;
  }
  return [255, 255, 255];
}
function look(frame) {
  const doc = frame.contentDocument, view = frame.contentWindow, wide = frame.clientWidth;
  const out = [], dull = [];
  for (const e of doc.querySelectorAll('body *')) {
    const box = e.getBoundingClientRect();
    if (box.right > wide + 1 && !e.closest('.scroll') && box.width) out.push(e.outerHTML.slice(0, 120));
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || !box.width) continue;
    const [a, b] = [light(numbers(view.getComputedStyle(e).color)), light(behind(e, view))];
    if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) dull.push(e.outerHTML.slice(0, 120));
  }
  return {wide, scrolls: doc.documentElement.scrollWidth, out, dull, text: doc.body.innerText,
    foreign: doc.querySelectorAll('script,img,link,iframe,object,video').length,
    dark: view.matchMedia('(prefers-color-scheme: dark)').matches,
    back: light(behind(doc.body, view)), tall: doc.documentElement.scrollHeight};
}
addEventListener('load', () => {
  const frames = [...document.querySelectorAll('iframe')];
  document.getElementById('out').textContent = JSON.stringify(frames.map(look));
});
"""


def story() -> Story:
    line = [(NOW - 600 + n * 10, 0.4 + (0.4 if 20 < n < 60 else 0)) for n in range(90)]
    files = [FileChange(f"chunk{n}.js", None, Blob(0o100644, "0" * 40)) for n in range(80)]
    texts = zip([LONG, HOSTILE, "x", "y"], Mood, strict=True)
    done = Outcome("db", Condition.RESTORED, 3, 3), Outcome("dns", Condition.PARTIAL, 1, 2, LONG)
    return Story(
        number=3,
        branch="production",
        purpose="restore",
        target=f"0123456789 before 2.4 {HOSTILE}",
        safety="0123456789",
        commit="0123456789",
        who="Ada <ada@example.com>",
        deploy="deploy 2.4, by grace",
        reason=f"checkout is broken {LONG}",
        root_cause=HOSTILE,
        began=NOW,
        ended=NOW + 42,
        result="done and verified",
        well=True,
        impact="6 resources, 7 to change",
        duration="42 s",
        action="none",
        digest="0" * 64,
        hazards=[("db", Hazard(HazardName.DATA_LOSS, LONG, rows=12_000, bytes=3_200_000))],
        outcomes=list(done),
        problems=[LONG],
        moments=[Moment(NOW + n, text, mood) for n, (text, mood) in enumerate(texts)],
        changes=[
            ResourceChanges("build", "files", [], files),
            ResourceChanges("env", "dotenv", [], [FileChange(LONG, None, files[0].after)]),
        ],
        plots=[
            Plot("p95", "s", NOW - 600, NOW + 300, {f'path="{n}"': line for n in range(8)}, 0.4, 0.48),
            Plot(LONG, "ratio", NOW - 600, NOW + 300, {}, None, None),
            Plot("one", "%", NOW - 600, NOW + 300, {"": [(NOW, 3.0)]}, None, None),
        ],
        status=[Box("Rollback initiated", True), Box("Root cause identified", False)],
        follow_up=[Box("Schedule retry", False)],
        contacts=["Database Admin: Ada, +1 555 0100"],
    )


def rows() -> list[Row]:
    """A long history with restores that go far back, next to each other and one inside another."""
    leads = {2: 30, 5: 28, 9: 12, 14: 40, 15: 41, 16: 42, 17: 43, 18: 44}
    made = [row(n, leads.get(n)) for n in range(50)]
    made[6] = Row("2026-11-26 21:00:00 +0000", "Restore 2", well=False)
    return made


def row(n: int, leads_to: int | None) -> Row:
    change = FileChange(LONG, None, Blob(0o100644, "0" * 40))
    refs = ("refs/heads/main",) if n == 0 else ()
    info = CommitInfo(f"{n:040}", "0" * 40, ("0" * 40,), int(NOW) - n, 0, "Ada", "m", {}, refs)
    names = ("build", "env", "db")[: n % 4]
    changes = [ResourceChanges(name, "files", [], [change] * (1 + n % 30)) for name in names]
    title = {3: HOSTILE, 4: LONG}.get(n, f"before 2.{n}")
    when, why = "2026-11-26 21:00:00 +0000", [("Reason", LONG)]
    if leads_to is None:
        return Row(when, title, info, changes)
    return Row(when, title, info, changes, leads_to, True, why)


PAGES = {"report": report.html(story()), "log": history.html("production", rows(), True)}


@dataclass(frozen=True)
class Look:
    """What was measured of a page in a frame of some width."""

    page: str
    measured: dict[str, Any]


def chromium(*words: str, folder: Path) -> str:
    common = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
    ]
    quiet = ["--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    command = [str(CHROMIUM), *common, *quiet, f"--user-data-dir={folder / 'profile'}", *words]
    return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout.decode()


@pytest.fixture(scope="module", params=["light", "dark"])
def looks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Look]]:
    """Both pages in a wide and in a narrow frame, as somebody sees them who likes it light or dark."""
    folder = tmp_path_factory.mktemp(request.param)
    frames = [
        f'<iframe style="width:{width}px;height:4000px;border:0" srcdoc="{html.escape(text)}"></iframe>'
        for text in PAGES.values()
        for width in WIDTHS
    ]
    head = '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    file = folder / "frames.html"
    file.write_text(f'{head}<body>{"".join(frames)}<pre id="out"></pre><script>{LOOK}</script>')
    scheme = ["--blink-settings=preferredColorScheme=0"] if request.param == "dark" else []
    said = chromium(*scheme, "--dump-dom", f"file://{file}", folder=folder)
    measured = json.loads(html.unescape(said.partition('<pre id="out">')[2].partition("</pre>")[0]))
    names = [name for name in PAGES for _ in WIDTHS]
    assert {one["dark"] for one in measured} == {request.param == "dark"}
    yield [Look(name, one) for name, one in zip(names, measured, strict=True)]


def test_nothing_sticks_out_wide_or_narrow(looks: list[Look]):
    for look in looks:
        assert look.measured["out"] == [], (look.page, look.measured["wide"])
        assert look.measured["scrolls"] <= look.measured["wide"]


def test_all_text_stands_out_from_what_is_behind_it_light_or_dark(looks: list[Look]):
    for look in looks:
        assert look.measured["dull"] == [], look.page
        assert (look.measured["back"] < 0.2) == look.measured["dark"]


def test_what_is_foreign_is_text(looks: list[Look]):
    for look in looks:
        assert look.measured["foreign"] == 0
        assert HOSTILE in look.measured["text"]


def test_a_page_is_fetched_with_nothing_beside_it_and_looks_like_something(tmp_path: Path):
    for name, text in PAGES.items():
        with page() as server:
            server.body, server.kind = text, "text/html; charset=utf-8"
            picture = tmp_path / f"{name}.png"
            chromium("--window-size=1200,1600", f"--screenshot={picture}", server.url, folder=tmp_path / name)
            assert {path for path, _, _ in server.seen} <= {"/", "/favicon.ico"}
        assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 30_000
    ours = "".join(PAGES.values()).replace(html.escape(HOSTILE), "")
    assert not re.search(r"(src|href)=|url\(|@import", ours)


def test_the_same_story_is_the_same_page():
    assert report.html(story()) == PAGES["report"]
