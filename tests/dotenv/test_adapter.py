"""The dotenv adapter on real files: capture, plan and apply, with real sealing."""

from __future__ import annotations

import os
import stat
from base64 import b64encode
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore.adapter import ApplyContext, PlanRequest
from snapstore.errors import SnapError
from snapstore.model import (
    Action,
    Captured,
    Fact,
    FactChange,
    HazardName,
    PlanOptions,
    ResourceChanges,
    Verb,
)
from snapstore.secrets import Keys, open_keys
from snapstore_dotenv import adapter
from snapstore_dotenv.settings import Settings
from tests.dotenv.test_syntax import env_files

KEY = b64encode(b"k" * 64).decode()
CANARY = "canary5d1e"
RICH = (
    b"\xef\xbb\xbf# canary5d1e in a comment\r\n"
    b"NODE_ENV=production # canary5d1e beside a public value\n"
    b"export SECRET = 'canary5d1e' \n"
    b'MULTI="one\ncanary5d1e\n"\n'
    b"SECRET=canary5d1e-again\n"
    b"PUBLIC_BINARY=\xffcanary5d1e\n"
    b'PUBLIC_OPEN="canary5d1e\n'
    b"canary5d1e is no binding\n"
    b"LAST=canary5d1e"
)


class Recorder:
    """A journal in memory."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def started(self, *actions: Action) -> None:
        self.calls += [f"started {action.verb}" for action in actions]

    def finished(self, *actions: Action) -> None:
        self.calls += [f"finished {action.verb}" for action in actions]

    def committed(self) -> None:
        self.calls.append("committed")


class Place:
    """A folder with one env file, and what the core would do with it."""

    def __init__(self, root: Path, key: str = KEY, **settings: object) -> None:
        self.root = root
        self.file = root / ".env"
        self.settings = msgspec.convert({"path": ".env", **settings}, Settings)
        self.journal = Recorder()
        keys: Keys = open_keys(root / "store", {"SNAPSTORE_KEY": key})
        self.context = ApplyContext(
            resource="env",
            root=root,
            seal=partial(keys.seal, "env"),
            unseal=partial(keys.unseal, "env"),
            open_blob=lambda oid: BytesIO(),
            journal=self.journal,
        )

    def write(self, data: bytes, mode: int = 0o600) -> None:
        self.file.write_bytes(data)
        self.file.chmod(mode)

    def capture(self) -> Captured:
        return adapter.capture(self.settings, self.context)

    def facts(self) -> dict[str, Fact]:
        return {fact.id: fact for document in self.capture().documents for fact in document.facts}

    def plan(self, target: Mapping[str, Fact], only: str = "*") -> list[Action]:
        live = self.facts()
        changes = [
            FactChange(name, live.get(name), target.get(name))
            for name in sorted({*live, *target})
            if live.get(name) != target.get(name) and fnmatchcase(name, only)
        ]
        after = {**live, **{c.id: c.after for c in changes if c.after is not None}}
        for gone in (c.id for c in changes if c.after is None):
            del after[gone]
        request = PlanRequest(
            "env",
            self.settings,
            ResourceChanges("env", "dotenv", changes),
            live,
            after,
            {},
            {},
            PlanOptions(),
        )
        return adapter.plan(request)

    def restore(self, target: Mapping[str, Fact], only: str = "*") -> list[Action]:
        actions = self.plan(target, only)
        adapter.apply(self.settings, actions, self.context)
        return actions

    def state(self) -> tuple[bytes, int] | None:
        if not self.file.exists():
            return None
        return self.file.read_bytes(), stat.S_IMODE(self.file.stat().st_mode)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, public=["NODE_ENV", "PUBLIC_*"])


states = st.none() | st.tuples(env_files, st.sampled_from([0o600, 0o644, 0o400, 0o660, 0o755]))


@given(states, states, st.sampled_from(["node", "python"]), st.sampled_from([[], ["*"]]))
def test_any_file_restores_over_any_other_to_the_byte_and_mode(
    before: tuple[bytes, int] | None, after: tuple[bytes, int] | None, dialect: str, public: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        place = Place(Path(folder), dialect=dialect, public=public)
        if before:
            place.write(*before)
        target = place.facts()
        place.file.unlink(missing_ok=True)
        if after:
            place.write(*after)
        place.restore(target)
        assert place.state() == before
        assert place.facts() == target
        assert place.plan(target) == []


def test_no_sealed_text_is_in_any_fact_plan_or_notice(place: Place) -> None:
    place.write(RICH)
    captured = place.capture()
    target = place.facts()
    place.write(b"")
    plan = place.plan(target)
    shown = [msgspec.json.encode(item) for item in (captured, plan)]
    assert not any(CANARY.encode() in text for text in shown)
    assert not any(CANARY in repr(item) for item in (captured, plan))
    place.restore(target)
    assert place.file.read_bytes() == RICH


def test_public_values_are_in_clear_and_all_others_sealed(place: Place) -> None:
    place.write(RICH)
    values = {name: fact.attrs.get("value") for name, fact in place.facts().items()}
    assert values.pop("var:NODE_ENV") == "production"
    assert values.pop("file:.env") is None
    assert set(values) == {
        "var:SECRET",
        "var:SECRET#2",
        "var:MULTI",
        "var:PUBLIC_BINARY",
        "var:PUBLIC_OPEN",
        "var:LAST",
    }
    assert all(isinstance(value, dict) and set(value) == {"$sealed"} for value in values.values())


def test_a_changed_value_changes_the_fact_of_its_variable_only(place: Place) -> None:
    place.write(b"# a\nA=1\nB=2\nB=3\n\nC=4")
    before = place.facts()
    place.write(b"# a\nA=1\nB=2\nB=other\n\nC=4")
    after = place.facts()
    assert [name for name in before if before[name] != after[name]] == ["var:B#2"]


@pytest.mark.parametrize(
    "changed",
    [
        b"# b\nA=1\nB=2\n",
        b"# a\nB=2\nA=1\n",
        b"# a\nA=1\n\nB=2\n",
        b"# a\r\nA=1\r\nB=2\r\n",
        b"# a\nA=1\nB=2",
    ],
)
def test_comments_order_and_line_ends_change_the_layout_only(place: Place, changed: bytes) -> None:
    place.write(b"# a\nA=1\nB=2\n")
    before = place.facts()
    place.write(changed)
    after = place.facts()
    assert [name for name in before if before[name] != after[name]] == ["file:.env"]


def test_an_unchanged_file_gives_equal_facts(place: Place) -> None:
    place.write(RICH)
    assert place.facts() == place.facts()


def test_a_missing_file_is_a_state_and_restoring_it_removes_that_file_only(place: Place) -> None:
    missing = place.facts()
    assert missing == {}
    assert "does not exist" in place.capture().notices[0].text
    place.write(b"A=1\n")
    (place.root / ".env.local").write_bytes(b"B=2\n")
    (action,) = place.restore(missing)
    assert action.verb is Verb.DROP and action.summary == "remove .env"
    assert not place.file.exists()
    assert (place.root / ".env.local").read_bytes() == b"B=2\n"


def test_an_empty_file_is_not_a_missing_one(place: Place) -> None:
    place.write(b"", 0o640)
    target = place.facts()
    place.file.unlink()
    (action,) = place.restore(target)
    assert action.verb is Verb.CREATE
    assert place.state() == (b"", 0o640)


def test_a_file_in_a_folder_that_is_gone_comes_back(tmp_path: Path) -> None:
    place = Place(tmp_path, path="config/app/.env")
    place.file = tmp_path / "config/app/.env"
    place.file.parent.mkdir(parents=True)
    place.write(b"A=1\n")
    target = place.facts()
    place.file.unlink()
    place.file.parent.rmdir()
    place.file.parent.parent.rmdir()
    place.restore(target)
    assert place.state() == (b"A=1\n", 0o600)


def test_the_plan_names_each_variable_and_shows_only_public_values(place: Place) -> None:
    place.write(b"NODE_ENV=production\nREDIS_ENABLED=true\nOLD=1\nSAME=1\n# a\n", 0o600)
    target = place.facts()
    place.write(b'NODE_ENV="staging"\nREDIS_ENABLED=false\nNEW=1\nSAME=1 # b\n', 0o400)
    (action,) = place.plan(target)
    assert action.verb is Verb.ALTER and action.subject == "file:.env"
    assert action.summary == "write .env: -NEW, ~NODE_ENV, +OLD, ~REDIS_ENABLED, ~SAME"
    assert action.statements == (
        "~ mode 0400 → 0600",
        "~ comments, order or line ends",
        "- NEW: sealed",
        "~ NODE_ENV: staging → production",
        "+ OLD: sealed",
        "~ REDIS_ENABLED: changed",
        "~ SAME: changed around the value",
    )
    assert "~ NODE_ENV: production → staging" in action.undo and "+ NEW: sealed" in action.undo
    assert action.produces == ("var:OLD",) and action.destroys == ("var:NEW",)
    assert not action.transactional and action.hazards == ()


def test_control_characters_of_public_values_are_escaped_and_long_ones_cut(place: Place) -> None:
    place.write(b'PUBLIC_A="x\x1b[31m"\nPUBLIC_B=' + b"y" * 500 + b"\n")
    target = place.facts()
    place.file.unlink()
    (action,) = place.plan(target)
    assert not any("\x1b" in line or len(line) > 100 for line in action.statements)


def test_opening_the_file_to_more_users_is_a_hazard_and_closing_it_is_none(place: Place) -> None:
    place.write(b"A=1\n", 0o644)
    target = place.facts()
    place.write(b"A=1\n", 0o600)
    closed = place.facts()
    (action,) = place.plan(target)
    assert [hazard.name for hazard in action.hazards] == [HazardName.SECURITY]
    place.restore(target)
    (back,) = place.plan(closed)
    assert back.hazards == ()


def test_a_partial_restore_takes_only_what_is_in_scope(place: Place) -> None:
    place.write(b"REDIS_URL=old\nREDIS_GONE=1\nDB=old\n")
    target = place.facts()
    place.write(b"# new\nREDIS_URL=new\nDB=new\nREDIS_EXTRA=1")
    place.restore(target, only="var:REDIS_*")
    assert place.file.read_bytes() == b"# new\nREDIS_URL=old\nDB=new\nREDIS_GONE=1\n"


def test_a_partial_restore_begins_a_new_line_for_what_it_adds(place: Place) -> None:
    place.write(b"A=1\nB=2\n")
    target = place.facts()
    place.write(b"A=1\n# no line end")
    place.restore(target, only="var:B")
    assert place.file.read_bytes() == b"A=1\n# no line end\nB=2\n"


def test_the_journal_hears_of_every_step(place: Place) -> None:
    place.write(b"A=1\n")
    target = place.facts()
    place.write(b"A=2\n")
    place.restore(target)
    assert place.journal.calls == ["started alter", "finished alter", "committed"]


def test_without_the_key_nothing_is_touched_and_the_journal_stays_empty(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.write(b"A=1\n")
    target = place.facts()
    place.write(b"A=2\n")
    actions = place.plan(target)
    other = Place(tmp_path, key=b64encode(b"o" * 64).decode())
    with pytest.raises(SnapError, match="sealed with key"):
        adapter.apply(other.settings, actions, other.context)
    assert place.state() == (b"A=2\n", 0o600) and other.journal.calls == []


def test_a_plan_survives_being_saved(place: Place) -> None:
    place.write(RICH)
    target = place.facts()
    place.write(b"A=2\n")
    actions = msgspec.json.decode(msgspec.json.encode(place.plan(target)), type=list[Action])
    adapter.apply(place.settings, actions, place.context)
    assert place.file.read_bytes() == RICH


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    place = Place(tmp_path)
    real = shared / "production.env"
    real.write_bytes(b"A=1\n")
    place.file.symlink_to("shared/production.env")
    target = place.facts()
    assert "is a link" in place.capture().notices[0].text
    real.write_bytes(b"A=2\n")
    place.restore(target)
    assert place.file.is_symlink() and real.read_bytes() == b"A=1\n"
    place.restore({})
    assert place.file.is_symlink() and not real.exists()
    place.restore(target)
    assert place.file.is_symlink() and real.read_bytes() == b"A=1\n"


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_one_clear_error(place: Place, kind: str) -> None:
    if kind == "folder":
        place.file.mkdir()
    else:
        os.mkfifo(place.file)
    with pytest.raises(SnapError, match=r"\.env: this is "):
        place.capture()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_one_clear_error(place: Place) -> None:
    place.write(b"A=1\n", 0o000)
    with pytest.raises(SnapError, match="no permission to read it"):
        place.capture()


@pytest.mark.parametrize(
    "attrs", [{}, {"layout": [7]}, {"layout": [{"x": 1}], "newline": "lf", "mode": "0600"}]
)
def test_malformed_facts_are_one_clear_error(place: Place, attrs: dict[str, object]) -> None:
    place.write(b"A=1\n")
    with pytest.raises(SnapError, match="malformed"):
        place.plan({"file:.env": Fact("file:.env", attrs), "var:A": Fact("var:A", {})})


def test_doctor_tells_of_open_files_and_names_set_twice(place: Place) -> None:
    place.write(b"A=1\nB=1\nA=canary5d1e\n", 0o644)
    texts = [notice.text for notice in adapter.check(place.settings, place.context)]
    assert texts == [
        "is open to every user (mode 0644); chmod 600 keeps its secrets to its owner",
        "sets A 2 times; the last one usually counts",
    ]


def test_init_finds_env_files_but_no_examples_and_no_folders(tmp_path: Path) -> None:
    for name in (".env", ".env.local", ".env.production.local", ".env.example", ".env.local.sample"):
        (tmp_path / name).write_bytes(b"A=1\n")
    for name in (".env.dist", ".env.template", ".environment", ".env.swp", "env"):
        (tmp_path / name).write_bytes(b"A=1\n")
    (tmp_path / ".env.d").mkdir()
    found = {s.name: s.settings["path"] for s in adapter.discover(tmp_path, {})}
    assert found == {
        "env": ".env",
        "env-local": ".env.local",
        "env-production-local": ".env.production.local",
    }
