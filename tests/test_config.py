"""``snapstore.toml``: what is accepted, and what each mistake is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snapstore import adapter as adapters
from snapstore import config
from snapstore.adapter import Adapter
from snapstore.config import source
from snapstore.errors import SnapError
from snapstore.model import Captured, DataMode, HazardName
from snapstore.secrets import REDACTOR


class Login(msgspec.Struct, forbid_unknown_fields=True):
    user: str
    password: str = ""


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    timeout: int = 5
    exclude: list[str] = []
    mode: Literal["fast", "slow"] = "fast"
    login: Login | None = None
    path: str = "."


FAKE = Adapter(
    name="fake",
    format=1,
    summary="for tests",
    settings=Settings,
    capture=lambda settings, context: Captured(),
    plan=lambda request: [],
    apply=lambda settings, actions, context: None,
)


@pytest.fixture(autouse=True)
def _fake_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "names", lambda: ["fake"])
    monkeypatch.setattr(adapters, "load", lambda name: FAKE)


DB = '[resources.db]\nadapter = "fake"\nurl = "u"\n'


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def run(text: str, *, live: bool = True, **env: str) -> config.Config:
        path = tmp_path / "snapstore.toml"
        path.write_text(text)
        return config.load(path, env, live=live)

    return run


def test_defaults_are_those_of_the_documentation(load: Any, tmp_path: Path):
    found = load(DB)
    assert found.root == tmp_path
    assert found.store == tmp_path / "snapshots"
    assert (found.branch, found.remote, found.data) == (None, None, DataMode.ARCHIVE)
    assert found.resources["db"].settings == Settings(url="u")
    assert found.allow == found.refuse == frozenset()


def test_every_section_is_read(load: Any, tmp_path: Path):
    found = load(
        """
        [store]
        path = "/var/lib/snap"
        branch = "staging"
        remote = "git@example.org:snap.git"
        [resources.db]
        adapter = "fake"
        url = "u"
        timeout = 9
        depends_on = ["env"]
        [resources.env]
        adapter = "fake"
        url = "e"
        [groups]
        all = ["db", "env"]
        [hooks]
        after_restore = [
            { run = "make restart", group = "all", timeout = 2.5, cwd = "web", env = { A = "1" } },
        ]
        [[hooks.verify]]
        run = "curl -f http://localhost"
        name = "health"
        [restore]
        allow = ["downtime"]
        refuse = ["blocking-lock"]
        data = "refuse"
        """
    )
    assert (found.store, found.branch) == (Path("/var/lib/snap"), "staging")
    assert found.resources["db"].depends_on == ("env",)
    assert found.resources["db"].settings.timeout == 9
    assert found.groups == {"all": ("db", "env")}
    (hook,) = found.hooks["after_restore"]
    assert (hook.run, hook.name, hook.group, hook.timeout) == ("make restart", "make restart", "all", 2.5)
    assert (hook.cwd, hook.env) == (tmp_path / "web", {"A": "1"})
    assert found.hooks["verify"][0].name == "health"
    assert "before_take" not in found.hooks
    assert found.allow == {HazardName.DOWNTIME}
    assert found.refuse == {HazardName.BLOCKING_LOCK}
    assert found.data is DataMode.REFUSE


def test_all_allows_every_hazard(load: Any):
    assert load(DB + '[restore]\nallow = "all"').allow == frozenset(HazardName)


MISTAKES = [
    # text, line, what, fix
    ("[resources.db\n", 1, "not valid TOML", ""),
    ("", None, "no resource is configured", "[resources.env]"),
    ("a = " + "[" * 5000, None, "nested too deeply", ""),
    ("\ufeff" + DB + "zzz = 3\n", 4, "unknown key `resources.db.zzz`", ""),
    (DB + "[store]\nbranch = ''\n", 5, "`store.branch`: expected string of length >= 1", ""),
    (DB + "[stroe]\npath='x'\n", 4, "unknown key `stroe`", "did you mean 'store'?"),
    (DB + "[store]\npaht='x'\n", 5, "unknown key `store.paht`", "did you mean 'path'?"),
    (DB + "timeuot = 3\n", 4, "unknown key `resources.db.timeuot`", "did you mean 'timeout'?"),
    (DB + "zzz = 3\n", 4, "unknown key `resources.db.zzz`", "known keys: exclude"),
    (DB + "login = { user = 'x', pasword = 'y' }\n", 4, "`resources.db.login.pasword`", "'password'"),
    (DB + "timeout = 'soon'\n", 4, "`resources.db.timeout`: expected integer, got string", ""),
    (DB + "exclude = [1]\n", 4, "`resources.db.exclude[0]`: expected string, got integer", ""),
    (DB + "mode = 'hunter2'\n", 4, "`resources.db.mode` is none of the values", "it may be: fast, slow"),
    ("[resources.db]\nadapter = 'fake'\n", 1, "`resources.db.url` is missing", ""),
    ("[resources.db]\nurl = 'u'\n", 1, "`resources.db.adapter` is missing", ""),
    ("[resources.db]\nadapter = 'fkae'\nurl='u'\n", 2, "no adapter named 'fkae'", "did you mean 'fake'?"),
    ("resources = 3\n", 1, "`resources`: expected table, got integer", ""),
    (DB + '[resources."a b"]\nadapter="fake"\nurl="u"\n', 4, "'a b' cannot be the name", ""),
    (DB + '[resources.files]\nadapter="fake"\nurl="u"\n', 4, "'files' cannot be the name", ""),
    (DB + '[resources."snapshot.json"]\nadapter="fake"\nurl="u"\n', 4, "cannot be the name", ""),
    (DB + '[resources.".git"]\nadapter="fake"\nurl="u"\n', 4, "'.git' cannot be the name", ""),
    (DB + '[resources.DB]\nadapter="fake"\nurl="u"\n', 4, "'db' and 'DB' differ in case only", ""),
    (DB + '[groups]\nall = [\n  "dbs",\n]\n', 5, "no resource is named 'dbs'", "did you mean 'db'?"),
    (DB + 'depends_on = ["nope"]\n', 4, "no resource is named 'nope'", "resources: db"),
    (DB + 'depends_on = ["db"]\n', 4, "goes in a circle: db → db", ""),
    (DB + '[hooks]\nverify = [{ run = "x", group = "web" }]\n', 5, "no group is named 'web'", ""),
    (DB + '[hooks]\nafter_tkae = [{ run = "x" }]\n', 5, "unknown key `hooks.after_tkae`", "'after_take'"),
    (DB + '[hooks]\nverify = [{ run = "x", timeout = 0 }]\n', 5, "expected number > 0", ""),
    (DB + '[restore]\nallow = ["data-los"]\n', 5, "`restore.allow[0]` is none of", "data-loss, irreversible"),
    (DB + '[restore]\nallow = "al"\n', 5, "`restore.allow` is none of", "index-build, all"),
    (
        DB + "[resources.web]\nadapter = 'fake'\nurl = 'u'\n[groups]\na = 'db'\n",
        8,
        "`groups.a`: expected list",
        "",
    ),
    ("[resources]\nweb = 3\n", 2, "`resources.web`: expected table, got integer", ""),
    (
        DB + '[hooks]\nverify = [{ run = "x", env = { A = 1 } }]\n',
        5,
        "`hooks.verify[0].env.A`: expected str",
        "",
    ),
    (
        DB + '[notify.templates]\nended = "x"\n',
        5,
        "unknown key `notify.templates.ended`",
        "known keys: deploy, drift",
    ),
    (
        DB + "[watch.metrics.a]\ncommand = 'x'\nmax = 1\n[watch.metrics.b]\ncommand = 'x'\nmax = 'y'\n",
        9,
        "`watch.metrics.b.max`: expected number, got string",
        "",
    ),
    (
        DB + "[watch.metrics.a]\nhttp = 'shop.example'\n",
        5,
        "`watch.metrics.a.http` is not an address",
        "https://",
    ),
    (DB + "[watch.prometheus]\nurl = 'http://[::1'\n", 5, "`watch.prometheus.url` is not an address", ""),
    (DB + "[review]\napi = 'api.example'\n", 5, "`review.api` is not an address", ""),
    (DB + "[store]\nremote = 'ftp://h/x'\n", 5, "`store.remote` is not an address", "ssh://"),
    (DB + "[store]\nremote = 'https://u:hunter2/x@h/y.git'\n", 5, "`store.remote` is not an address", "%2F"),
    (DB + '[restore]\ndata = "keep"\n', 5, "`restore.data` is none of", "archive, discard, refuse"),
    ("[resources.db]\nadapter = 'fake'\nurl = '${NOPE}'\n", 3, "the variable NOPE is not set", "${NOPE:-…}"),
    ("[resources.db]\nadapter = 'fake'\nurl = '${no pe}'\n", 3, "`${` without a variable's name", "$$"),
]


@pytest.mark.parametrize(("text", "line", "what", "fix"), MISTAKES, ids=[m[2][:40] for m in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_what_to_do(
    load: Any, tmp_path: Path, text: str, line: int | None, what: str, fix: str
):
    with pytest.raises(SnapError) as caught:
        load(text)
    place = f"{tmp_path / 'snapstore.toml'}:{line}" if line else str(tmp_path / "snapstore.toml")
    assert what in caught.value.what
    assert fix in caught.value.fix
    assert caught.value.where == place
    assert "hunter2" not in str(caught.value)


def test_a_longer_circle_is_told_in_full(load: Any):
    text = "".join(
        f"[resources.{name}]\nadapter='fake'\nurl='u'\ndepends_on=['{other}']\n"
        for name, other in [("a", "b"), ("b", "c"), ("c", "b")]
    )
    with pytest.raises(SnapError, match="b → c → b"):
        load(text)


def test_all_unset_variables_are_named_at_once_with_their_lines(load: Any):
    text = "[resources.db]\nadapter='fake'\nurl='${A}'\n# ${B} is for later\npath='${B}'\n"
    with pytest.raises(SnapError, match=r"2 variables are not set: A \(line 3\), B \(line 5\)"):
        load(text)


def test_variables_defaults_and_dollars_are_filled_in(load: Any):
    text = "[resources.db]\nadapter='fake'\nurl='${A}/${B:-b}/${C:-c}/$$${A}/$D'\n"
    assert load(text, A="one", C="").resources["db"].settings.url == "one/b/c/$one/$D"


def test_a_value_of_the_environment_is_never_expanded_again(load: Any):
    text = "[resources.db]\nadapter='fake'\nurl='${A}'\n"
    assert load(text, A="${B}$$").resources["db"].settings.url == "${B}$$"


def test_reading_the_store_alone_needs_no_variables(load: Any):
    text = "[resources.db]\nadapter='fake'\nurl='${NOPE}'\n"
    assert load(text, live=False).resources["db"].settings.url == "${NOPE}"


def test_the_command_of_a_hook_is_left_to_the_shell(load: Any):
    found = load(DB + "[hooks]\nverify = [{ run = 'curl -H ${TOKEN} $$' }]\n", TOKEN="canary-of-a-hook")
    assert found.hooks["verify"][0].run == "curl -H ${TOKEN} $$"
    assert "canary-of-a-hook" not in REDACTOR.redact("it said canary-of-a-hook")


def test_values_of_the_environment_and_passwords_are_redacted(load: Any):
    text = "[resources.db]\nadapter='fake'\nurl='postgres://u:inline-pass%21@h/d?x=${KEY}'\n"
    load(text, KEY="canary-of-a-key")
    told = REDACTOR.redact("canary-of-a-key, inline-pass%21, inline-pass!")
    assert "canary" not in told
    assert "inline-pass" not in told


def test_a_path_from_the_environment_stays_readable_in_messages(load: Any):
    load(DB + "path = '${RELEASE_PATH}'\n", RELEASE_PATH="/srv/releases/42")
    assert REDACTOR.redact("/srv/releases/42/app") == "/srv/releases/42/app"


def test_a_wrong_type_from_the_environment_does_not_show_its_value(load: Any):
    with pytest.raises(SnapError) as caught:
        load(DB + "timeout = '${SECRET_NUMBER}'\n", SECRET_NUMBER="canary-number")
    assert "canary" not in str(caught.value)


def test_the_nearest_file_above_is_found(tmp_path: Path):
    (tmp_path / "snapstore.toml").write_text(DB)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert config.find(deep) == tmp_path / "snapstore.toml"


def test_no_file_is_told_with_the_way_to_make_one(tmp_path: Path):
    with pytest.raises(SnapError) as caught:
        config.load(tmp_path / "none.toml", {})
    assert "snap init" in caught.value.fix


def test_a_link_to_nothing_is_not_passed_over_for_a_file_further_up(tmp_path: Path):
    (tmp_path / "snapstore.toml").write_text(DB)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "snapstore.toml").symlink_to("nowhere")
    with pytest.raises(SnapError, match="not a file, or a link to none") as caught:
        config.find(tmp_path / "app")
    assert caught.value.where == str(tmp_path / "app" / "snapstore.toml")


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path):
    path = tmp_path / "snapstore.toml"
    path.write_bytes(b"[store]\npath = '\xff'\n")
    with pytest.raises(SnapError, match="not UTF-8 at byte 16"):
        config.load(path, {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=st.text(max_size=200))
def test_any_text_is_a_configuration_or_one_clear_error(text: str, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("any") / "snapstore.toml"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    with pytest.raises(SnapError):
        config.load(path, {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.dictionaries(st.text("abc._-\"'[]= #", min_size=1, max_size=6), st.text("ab'\"$#", max_size=5)))
def test_a_line_is_found_for_every_key_that_is_written_out(values: dict[str, str]):
    from snapstore.adapter import Suggestion
    from snapstore.render.toml import configuration

    text = configuration([("fake", Suggestion("db", {f"k{key}": value for key, value in values.items()}))])
    lines = text.splitlines()
    for key in values:
        line = source.line_of(text, ("resources", "db", f"k{key}"))
        assert line is not None
        assert line > lines.index("[resources.db]")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("4096", 4096),
        ("1kB", 1000),
        ("1 KB", 1000),
        ("1.5GB", 1500 * 10**6),
        ("2MiB", 2 << 20),
        ("3TB", 3 * 10**12),
    ],
)
def test_a_size_is_written_in_one_way_wherever_there_is_one(load: Any, text: str, amount: int) -> None:
    found = load(f'[large_files]\nlimit = "{text}"\n[preflight]\nfree = "{text}"\n', live=False)
    assert (found.large.limit, found.preflight.free) == (amount, amount)
