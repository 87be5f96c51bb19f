"""The contract of the command line: exit codes, one JSON document, nothing heavy, errors in one piece."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from snapstore import __version__
from snapstore.cli import COMMANDS
from tests.conftest import Snap

pytestmark = pytest.mark.cold
HEAVY = ("psycopg", "dulwich", "rich", "cryptography", "pyrage", "deepdiff", "sqlglot", "msgspec", "asyncio")
CONFIG = '[resources.build]\nadapter = "files"\npath = "dist"\n'


@pytest.fixture
def app(snap: Snap) -> Snap:
    snap.configure(CONFIG)
    (snap.root / "dist").mkdir()
    (snap.root / "dist" / "app.js").write_text("one\n")
    return snap


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["-h"], [], ["tkae"]])
def test_nothing_heavy_is_imported_before_a_command_runs(words: list[str], snap: Snap):
    script = (
        "import sys, runpy\n"
        f"sys.argv = ['snap', *{words!r}]\n"
        "try: runpy.run_module('snapstore', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], env=snap.environment(), cwd=snap.root, capture_output=True, text=True
    )
    loaded = set(ran.stderr.split())
    assert "snapstore" in loaded
    assert not [name for name in HEAVY if name in loaded]


def test_version_and_help_are_results(snap: Snap):
    assert snap("--version", code=0).stdout == f"snap {__version__}\n"
    told = snap("--help", code=0).stdout
    for section in COMMANDS.values():
        assert not [name for name in section if f"  {name}  " not in told]
    assert snap(code=0).stdout == told


def test_every_command_has_help_and_takes_the_common_options_after_it(snap: Snap):
    for name in (name for section in COMMANDS.values() for name in section if name != "demo"):
        ran = snap(name, "--json", "--no-color", "--quiet", "--debug", "-C", ".", "--help")
        assert ran.code == 0, (name, ran.stderr)
        assert ran.stdout.startswith(f"Usage: snap {name}"), name


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tkae"], "no command 'tkae'; did you mean 'take'?"),
        (["xyzzy"], "no command 'xyzzy'"),
        (["diff", "--exitcode"], "no option --exitcode; did you mean --exit-code?"),
        (["status", "--nope"], "no option --nope"),
        (["diff", "a", "b", "c"], "at most two revisions"),
        (["restore"], "name a revision, or --resume, or --abort"),
        (["restore", "HEAD", "--abort"], "name a revision, or --resume, or --abort"),
        (["plan"], "missing argument 'REVISION'"),
        (["log", "-n", "-1"], "-1 is not in the range"),
        (["restore", "HEAD", "--allow", "anything"], "'anything' is not one of"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_two_lines(snap: Snap, words: list[str], told: str):
    ran = snap(*words, code=1)
    assert told in ran.stderr
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 2
    error = snap(*words, "--json", code=1).json["error"]
    assert told in error["what"]
    assert error["code"] == 1


ONE_DOCUMENT = [
    (["init"], 0),
    (["take"], 0),
    (["take", "-q"], 0),
    (["status"], 0),
    (["diff"], 0),
    (["diff", "--stat", "HEAD", "HEAD"], 0),
    (["log"], 0),
    (["show"], 0),
    (["show", "HEAD:build"], 0),
    (["show", "HEAD:build/files/app.js"], 0),
    (["show", "HEAD:build/metadata.json"], 0),
    (["show", "HEAD:nothing"], 1),
    (["plan", "HEAD"], 0),
    (["plan", "HEAD", "--format", "sql"], 0),
    (["plan", "nothing"], 1),
    (["restore", "HEAD", "--dry-run"], 0),
    (["restore", "HEAD", "--yes"], 0),
    (["restore", "--resume", "--yes"], 1),
    (["undo", "--yes"], 1),
    (["apply", "nothing.plan"], 1),
    (["doctor"], 0),
    (["key", "show"], 0),
    (["adapters"], 0),
    (["schema"], 0),
    (["schema", "plan"], 0),
    (["schema", "nothing"], 1),
    (["status", "--only", "nothing"], 1),
]


def test_with_json_every_command_prints_exactly_one_document(app: Snap):
    app("take", code=0)
    for place, (words, code) in enumerate(ONE_DOCUMENT):
        line = ["--json", *words] if place % 2 else [*words, "--json"]
        ran = app(*line)
        assert ran.code == code, (line, ran.stdout, ran.stderr)
        assert isinstance(ran.json, dict), line
        assert ("error" in ran.json) == (code == 1), line


def test_an_unknown_revision_is_told_and_changes_nothing(app: Snap):
    app("take", code=0)
    before = app("log", "--json").json
    for words in (["diff", "nope"], ["restore", "nope", "--yes"], ["show", "nope"], ["log", "nope"]):
        ran = app(*words, code=1)
        assert "nope" in ran.stderr
        assert len(ran.stderr.splitlines()) <= 3
    assert app("log", "--json").json == before


def test_a_broken_configuration_stops_every_command_and_changes_nothing(app: Snap):
    app.configure(CONFIG + "exlude = []\n")
    for words in (["take"], ["status"], ["diff"], ["log"], ["restore", "HEAD", "--yes"], ["init"]):
        ran = app(*words, code=1)
        assert "unknown key `resources.build.exlude`" in ran.stderr
        assert "snapstore.toml:4" in ran.stderr
        assert "did you mean 'exclude'?" in ran.stderr
    assert not (app.root / "snapshots").exists()


def test_commands_that_only_read_the_store_need_no_environment(app: Snap):
    app.configure(CONFIG.replace('"dist"', '"${DIST}"'))
    assert "the variable DIST is not set" in app("take", code=1).stderr
    app("take", env={"DIST": "dist"}, code=0)
    for words in (["log"], ["show"], ["diff", "HEAD", "HEAD"], ["key", "show"]):
        app(*words, code=0)
    assert "the variable DIST is not set" in app("diff", code=1).stderr


def test_a_command_without_a_store_says_how_to_make_one(app: Snap):
    for words in (["status"], ["log"], ["diff"], ["undo", "--yes"]):
        ran = app(*words, code=1)
        assert "snap init" in ran.stderr or "snap take" in ran.stderr, ran.stderr
    assert not (app.root / "snapshots").exists()


def test_status_before_the_first_snapshot_says_so(app: Snap):
    app("init", code=0)
    assert "there is no snapshot yet" in app("status", code=1).stderr
    assert "no snapshot yet" in app("log", code=0).stdout


def test_another_folder_and_another_file_can_be_named(app: Snap):
    app("take", code=0)
    below = app.root / "dist"
    outside = Snap(app.home, app.home)
    assert outside("-C", str(app.root), "status", code=0).stdout.startswith("main at ")
    assert outside("-c", str(app.root / "snapstore.toml"), "status", code=0).stdout.startswith("main at ")
    assert Snap(below, app.home)("status", code=0).stdout.startswith("main at ")
    assert "cannot be entered" in outside("-C", "nowhere", "status", code=1).stderr
    assert "no such file" in outside("-c", "nowhere.toml", "status", code=1).stderr


def test_a_folder_that_was_removed_meanwhile_is_told(app: Snap):
    gone = app.home / "release"
    for word in ("status", "init"):
        gone.mkdir()
        command = f"rmdir {shlex.quote(str(gone))} && {shlex.join(app.command(word))}"
        done = subprocess.run(command, shell=True, cwd=gone, env=app.environment(), capture_output=True)
        assert done.returncode == 1 and b"the current folder is gone" in done.stderr


def test_colours_are_for_terminals_and_only_where_wanted(app: Snap):
    app("take", code=0)
    (app.root / "dist" / "app.js").write_text("two\n")
    assert "\x1b[" not in app("diff").stdout
    assert "\x1b[32m" in _on_terminal(app, "diff")
    assert "\x1b[" not in _on_terminal(app, "diff", "--no-color")
    assert "\x1b[" not in _on_terminal(app, "diff", env={"NO_COLOR": "1"})
    assert "\x1b[" not in _on_terminal(app, "diff", env={"TERM": "dumb"})


def test_a_question_is_asked_on_a_terminal_and_no_is_an_answer(app: Snap):
    app("take", code=0)
    (app.root / "dist" / "app.js").write_text("two\n")
    told = _on_terminal(app, "restore", "HEAD", typed="n\n")
    assert "Restore this? [y/N]" in told
    assert "not confirmed" in told
    assert (app.root / "dist" / "app.js").read_text() == "two\n"
    _on_terminal(app, "restore", "HEAD", typed="y\n")
    assert (app.root / "dist" / "app.js").read_text() == "one\n"


def test_a_reader_that_goes_away_is_no_error(app: Snap):
    app("take", code=0)
    for number in range(3000):
        (app.root / "dist" / f"{number}-{'x' * 40}").touch()
    app("take", code=0)
    process = subprocess.Popen(
        app.command("diff", "HEAD~1", "HEAD", "--full"),
        cwd=app.root,
        env=app.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141
    process.stderr.close()


def test_streams_that_are_closed_are_no_error(app: Snap):
    app("take", code=0)
    command = shlex.join(app.command("take", "--only", "build"))
    for closed in (">&-", "2>&-", "<&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            f"{command} {closed}", shell=True, cwd=app.root, env=app.environment(), capture_output=True
        )
        assert done.returncode == 0 and done.stderr == b"", closed
    assert app("doctor", code=0)


def test_an_internal_error_is_one_line_and_a_traceback_only_with_debug(app: Snap):
    breaker = app.home / "sitecustomize.py"
    breaker.write_text("import snapstore.app\nsnapstore.app.App.config = lambda self, **k: 1 / 0\n")
    env = {"PYTHONPATH": str(app.home)}
    ran = app("log", code=1, env=env)
    assert "internal error: ZeroDivisionError" in ran.stderr
    assert "--debug" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Traceback" in app("log", "--debug", code=1, env=env).stderr


def test_a_secret_of_the_environment_is_masked_even_in_tracebacks(app: Snap):
    app.configure(CONFIG + 'include = ["${PATTERN}"]\n[hooks]\nbefore_take = [{ run = "exit ${CODE}" }]\n')
    secret = "canary-in-a-traceback"
    breaker = app.home / "sitecustomize.py"
    breaker.write_text(
        "import os, snapstore.workspace as w\n"
        "def broken(config, **k): raise RuntimeError(os.environ['CODE'])\n"
        "w.open_workspace = broken\n"
    )
    env = {"PATTERN": "*", "CODE": secret, "PYTHONPATH": str(app.home)}
    for words in (["take"], ["take", "--debug"], ["take", "--json"]):
        ran = app(*words, code=1, env=env)
        assert "internal error: RuntimeError: ***" in ran.stderr
        assert secret not in ran.stdout + ran.stderr


def test_what_the_system_refuses_is_told_in_its_words(app: Snap):
    app("take", code=0)
    ran = app("plan", "HEAD", "-o", "missing/folder/x.plan", code=1)
    assert "missing/folder/x.plan: cannot be written: No such file or directory" in ran.stderr
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(app.command("log"), cwd=app.root, env=app.environment(), stdout=full, stderr=-1)
    assert done.returncode == 1
    assert done.stderr == b"snap: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_knows_commands_and_options(app: Snap, shell: str):
    script = app(env={"_SNAP_COMPLETE": f"{shell}_source"}, code=0).stdout
    assert "_SNAP_COMPLETE" in script
    if shell == "bash":
        asked = {"_SNAP_COMPLETE": "bash_complete", "COMP_WORDS": "snap res", "COMP_CWORD": "1"}
        assert app(env=asked).stdout.split() == ["plain,restore"]
        asked = {"_SNAP_COMPLETE": "bash_complete", "COMP_WORDS": "snap diff --ex", "COMP_CWORD": "2"}
        assert app(env=asked).stdout.split() == ["plain,--exit-code"]


def test_init_writes_a_configuration_for_what_it_finds_and_never_twice(snap: Snap):
    (snap.root / ".env.production").write_text("A=1\n")
    (snap.root / "package.json").write_text("{}")
    (snap.root / "dist").mkdir()
    (snap.root / "dist" / "a.js").write_text("x")
    first = snap("init", "--json", code=0)
    assert first.json["written"] and first.json["created"]
    assert len(first.json["resources"]) == 2
    assert "keep a copy" in first.stderr
    text = (snap.root / "snapstore.toml").read_text()
    again = snap("init", "--json", code=0)
    assert not (again.json["written"] or again.json["created"])
    assert (snap.root / "snapstore.toml").read_text() == text
    snap("take", code=0)


def test_init_that_finds_nothing_says_what_to_do(snap: Snap):
    ran = snap("init", code=0)
    assert "add a resource to snapstore.toml" in ran.stdout
    assert "no resource is configured" in snap("take", code=1).stderr


def _on_terminal(snap: Snap, *words: str, typed: str = "", env: dict[str, str] | None = None) -> str:
    """What ``snap words…`` prints on a terminal."""
    ours, theirs = pty.openpty()
    variables = {**snap.environment(), "TERM": "xterm", **(env or {})}
    process = subprocess.Popen(
        snap.command(*words), cwd=snap.root, env=variables, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    told = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # what Linux says when the last writer has closed the terminal
            break
        if not part:
            break
        told += part
    process.wait()
    os.close(ours)
    return told.decode()


def test_the_documents_are_json_that_any_reader_understands(app: Snap):
    (
        app.root
        / "dist"
        / "caf\u00e9-\udcff".encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    ).touch()
    app("take", code=0)
    (app.root / "dist" / "app.js").write_text("two\n")
    text = app("diff", "--json", code=0).stdout
    assert text.isascii()
    assert json.loads(text)["resources"][0]["resource"] == "build"
