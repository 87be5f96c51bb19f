"""The play: what a user types around a deploy that goes wrong, run for real, and the proof at the end."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from snapstore import interruptions
from snapstore.app import App
from snapstore.demo import evidence
from snapstore.demo.evidence import Evidence
from snapstore.demo.shop import CONFIG, Shop, create, deploy
from snapstore.errors import Exit, SnapError
from snapstore.render.documents import DemoCommand, DemoProof
from snapstore.render.style import ADDED, BOLD, DIM, HAZARD, paint
from snapstore.render.values import count

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "TERM", "TMPDIR")


@dataclass
class Stage:
    """Where it plays. ``ran`` and ``proofs`` are what has happened so far."""

    app: App
    shop: Shop
    home: Path
    ran: list[DemoCommand] = field(default_factory=list)
    proofs: list[DemoProof] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """A word to the audience; with ``--json`` that is progress."""
        if self.app.json:
            self.app.progress(text.strip())
        else:
            self.app.write(f"{text}\n")

    def snap(self, *words: str, ends: Exit = Exit.DONE) -> None:
        """Type ``snap words…``. SnapError when it does not end as it should."""
        typed = shlex.join(["snap", *words])
        self.tell(paint(f"\n$ {typed}", BOLD))
        began = time.monotonic()
        done = self._run(words, subprocess.STDOUT)
        self.ran.append(DemoCommand(typed, done.returncode, round(time.monotonic() - began, 2)))
        if not self.app.json:
            self.app.write_bytes(done.stdout)
        if done.returncode != ends:
            shown = done.stdout.decode(errors="replace") if self.app.json else ""
            raise SnapError(
                f"`{typed}` ended with {done.returncode} instead of {int(ends)} {shown}".strip(),
                fix="play it again with --keep, then look into its folder",
            )

    def tree(self, revision: str) -> str:
        """The tree id of a revision."""
        done = self._run(["show", revision, "--json"], subprocess.PIPE)
        tree: str = json.loads(done.stdout)["tree"]
        return tree

    def _run(self, words: list[str] | tuple[str, ...], errors: int) -> subprocess.CompletedProcess[bytes]:
        process = None
        try:
            with interruptions.held():
                process = self._start(words, errors)
            output, _ = process.communicate()
        except BaseException:
            if process:
                _end(process)
            raise
        return subprocess.CompletedProcess(words, process.returncode, output)

    def _start(self, words: list[str] | tuple[str, ...], errors: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "snapstore", *words],
            cwd=self.shop.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        """A user of its own: no key, no Git identity and no setting of yours is read or written."""
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        colour = {"FORCE_COLOR": "1"} if self.app.colour(sys.stdout) else {"NO_COLOR": "1"}
        return {**passed, **colour, **user(self.shop, self.home)}


def _end(process: subprocess.Popen[bytes]) -> None:
    """The folder is about to be removed: nothing may write there any more."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def user(shop: Shop, home: Path) -> Mapping[str, str]:
    """The environment variables by which the commands find the demo's servers, key and author."""
    return {
        "DATABASE_URL": shop.url,
        "REDIS_URL": shop.cache,
        "DNS_SERVER": shop.dns.address,
        "DNS_KEY": shop.dns.key,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@shop.example",
    }


def play(stage: Stage) -> None:
    """All of it. SnapError when a command fails; whether the states were equal is in ``stage.proofs``."""
    before = _rest(stage)
    broken = _bad_deploy(stage)
    _roll_back(stage, before)
    _take_back(stage, broken)


@dataclass(frozen=True)
class _Moment:
    tree: str
    evidence: Evidence


def _rest(stage: Stage) -> _Moment:
    _title(stage, "1. Before the deploy")
    create(stage.shop)
    moment = evidence.gather(stage.shop)
    stage.tell(
        f"A shop: a PostgreSQL database ({count(moment.row_count, 'row')}), a cache (Valkey, which is a\n"
        "Redis), a DNS zone (on a stand-in for a name server), .env.production with secrets,\n"
        "webpack.config.js and a .next build. This is all that snap has to be told:"
    )
    stage.tell(paint("\n$ cat snapstore.toml", BOLD))
    stage.tell(CONFIG.rstrip())
    stage.snap("init")
    stage.snap("take", "--message", "before 2.4")
    return _Moment(stage.tree("HEAD"), moment)


def _bad_deploy(stage: Stage) -> _Moment:
    _title(stage, "2. The deploy of 2.4 goes wrong")
    deploy(stage.shop)
    stage.tell(
        "It added indexes, materialized views and a column, changed a column's type under two views,\n"
        "switched Redis on, changed its configuration and some flags, sent www through a CDN, replaced a\n"
        "secret and the webpack configuration, and rebuilt. What is different?"
    )
    stage.snap("status", ends=Exit.DIFFERENT)
    stage.snap("diff", "--stat")
    stage.snap("diff")
    return _Moment(stage.tree("live"), evidence.gather(stage.shop))


def _roll_back(stage: Stage, before: _Moment) -> None:
    _title(stage, "3. The way back")
    stage.tell("A plan is computed, to be read or reviewed; nothing changes yet.")
    stage.snap("plan", "HEAD", "--output", "back.plan")
    stage.tell("\nCarry out exactly that plan. (Both in one, with a question in between: snap restore HEAD)")
    stage.snap("apply", "back.plan", "--yes")
    stage.snap("status")
    _prove(stage, "restore", "the state before the deploy", before)


def _take_back(stage: Stage, broken: _Moment) -> None:
    _title(stage, "4. It was not the deploy after all: undo")
    stage.tell("The state before every restore is kept, so that it can be undone, rows included.")
    stage.snap("undo", "--yes")
    stage.snap("log", "--oneline")
    _prove(stage, "undo", "the state after the deploy", broken)


def _prove(stage: Stage, of: str, what: str, expected: _Moment) -> None:
    """Compare now with then, and say so."""
    tree, found = stage.tree("live"), evidence.gather(stage.shop)
    different = evidence.differences(expected.evidence, found)
    if tree != expected.tree:
        different.insert(0, f"tree {tree} instead of {expected.tree}")
    stage.proofs.append(
        DemoProof(
            of,
            not different,
            tree,
            found.row_count,
            len(found.keys),
            len(found.records),
            len(found.files),
            different,
        )
    )
    if different:
        told = "\n".join(["", f"NOT equal to {what}:", *(f"  {name}" for name in different)])
        stage.tell(paint(told, HAZARD))
        return
    stage.tell(paint(f"\nEqual to {what}:", ADDED))
    stage.tell(f"  tree id        {tree}, captured again")
    tables = count(len(found.rows), "table") + " and materialized views"
    stage.tell(f"  rows           {found.row_count:,} in {tables}: counts and checksums (plain SQL)")
    parameters = count(len(found.parameters), "parameter")
    stage.tell(f"  keys           {len(found.keys)}, and {parameters}: every value (plain Redis commands)")
    stage.tell(f"  record sets    {len(found.records)}: every record and TTL (a zone transfer of dnspython)")
    stage.tell(f"  files          {len(found.files)}: every byte and every permission")


def _title(stage: Stage, text: str) -> None:
    stage.tell(paint(f"\n── {text} {'─' * (76 - len(text))}", DIM))
