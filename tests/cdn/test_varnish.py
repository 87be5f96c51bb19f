"""Varnish: what is captured, what a restore does, and what it says when it cannot."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.model import HazardName
from tests.cdn.conftest import settings
from tests.cdn.varnish import SECRET, START, Varnish, running
from tests.project import Project, project, well
from tests.serving import Handler, serving

PLAIN = 'vcl 4.1;\nbackend web { .host = "127.0.0.1"; .port = "9"; }\n'
PROBED = PLAIN.replace("}", '.probe = { .interval = 60s; } } # ü "quoted" \\ \t')
ROUTED = "vcl 4.1;\nbackend none none;\nsub vcl_recv { return (vcl(shop)); }\n"


def test_the_program_comes_back_with_its_labels_parameters_and_the_health_of_its_backends(
    varnish: Varnish, place: Project
):
    varnish.call("vcl.inline", "one", PROBED)
    varnish.call("vcl.label", "shop", "one")
    varnish.call("backend.set_health", "one.web", "sick")
    varnish.use("routed", ROUTED)
    varnish.call("param.set", "default_ttl", "42")
    varnish.call("param.set", "feature", "+http2,-validate_headers")
    varnish.call("param.set", "vsl_mask", "+Debug,-Hash")
    varnish.call("param.set", "pool_req", "5,50,7")
    before, taken = varnish.everything(), place.take()
    varnish.call("vcl.use", "start")
    varnish.call("vcl.discard", "routed", "shop", "one")
    for name in ("default_ttl", "feature", "vsl_mask", "pool_req"):
        varnish.call("param.reset", name)
    varnish.call("param.set", "feature", "+esi_ignore_https")
    after = varnish.everything()
    well(place.restore(taken.commit))
    assert varnish.everything() == before
    assert place.take().tree == taken.tree
    well(place.undo())
    assert varnish.everything() == after


def test_parameters_that_bound_each_other_find_their_order(varnish: Varnish, place: Project):
    varnish.call("param.set", "thread_pool_max", "400")
    varnish.call("param.set", "thread_pool_min", "300")
    before, taken = varnish.everything(), place.take()
    varnish.call("param.set", "thread_pool_min", "10")
    varnish.call("param.set", "thread_pool_max", "200")
    well(place.restore(taken.commit))
    assert varnish.everything() == before
    well(place.undo())
    assert varnish.everything()["values"]["thread_pool_max"] == 200


def test_what_is_still_loaded_is_switched_to_without_a_compiler(varnish: Varnish, place: Project):
    varnish.use("good", PLAIN)
    taken = place.take()
    varnish.use("bad", PLAIN.replace("9", "8"))
    loaded = varnish.programs().keys()
    well(place.restore(taken.commit))
    assert varnish.programs()["good"] == "active"
    assert varnish.programs().keys() == loaded


def test_a_program_that_does_not_compile_changes_nothing_and_the_compiler_says_why(
    varnish: Varnish, place: Project
):
    varnish.call("param.set", "vcc_allow_inline_c", "on")
    varnish.use("inline", START + "C{ int x; }C\n")
    varnish.call("param.reset", "vcc_allow_inline_c")
    varnish.call("param.set", "default_ttl", "42")
    taken = place.take()
    varnish.call("vcl.use", "start")
    varnish.call("vcl.discard", "inline")
    varnish.call("param.reset", "default_ttl")
    before = varnish.everything(), varnish.programs()
    done = place.restore(taken.commit)
    (error,) = [outcome.error for outcome in done.outcomes]
    assert "Inline-C not allowed" in str(error)
    assert (varnish.everything(), varnish.programs()) == before


def test_included_files_come_back_though_the_server_has_others_by_now(tmp_path: Path, server: Varnish):
    folder = server.folder / "parts"
    (folder / "more").mkdir(parents=True, exist_ok=True)
    (folder / "a.vcl").write_text('vcl 4.0;\nsub vcl_recv { set req.http.a = "1"; }  // at the end')
    (folder / "more" / "b.vcl").write_text('sub vcl_recv { set req.http.b = "1"; }\n')
    (folder / "more" / "c.vcl").write_text('sub vcl_recv { set req.http.c = "1"; }\ninclude "d.vcl";')
    (server.folder / "d.vcl").write_text('/* sub */ sub vcl_recv { set req.http.d = "1"; }\n')
    (server.folder / "main.vcl").write_text(
        'vcl 4.1;\n# include "not.vcl";\nsub vcl_recv { set req.http.x = {"include "no";"}; }\n'
        'backend web none;\ninclude "./parts/a.vcl"; include +glob "./parts/more/*.vcl";\n'
    )
    server.call("param.set", "vcl_path", str(server.folder))
    server.call("vcl.load", "parted", str(server.folder / "main.vcl"))
    server.call("vcl.use", "parted")
    place = project(tmp_path / "project", settings(server))
    taken = place.take()
    (folder / "a.vcl").write_text('sub vcl_recv { set req.http.a = "2"; }\n')
    server.call("vcl.use", "boot")
    server.call("vcl.discard", "parted")
    well(place.restore(taken.commit))
    assert place.take().tree == taken.tree
    text = server.call("vcl.show")
    assert 'req.http.a = "1"' in text
    assert 'req.http.d = "1"' in text


def test_a_parameter_that_the_server_keeps_is_told_before_and_left_alone(tmp_path: Path):
    with running(tmp_path / "server") as first:
        first.call("param.set", "max_restarts", "7")
        place = project(tmp_path / "project", settings(first))
        taken = place.take()
    with running(tmp_path / "other", "-r", "max_restarts") as second:
        (tmp_path / "project" / "snapstore.toml").write_text(settings(second))
        place = project(tmp_path / "project", settings(second))
        plan = place.plan(taken.commit, "edge:param:max_restarts")
        assert [hazard.name for action in plan.actions for hazard in action.hazards] == [
            HazardName.UNVERIFIABLE
        ]
        assert "read-only" in plan.actions[0].summary
        place.restore(taken.commit, "edge:param:max_restarts")
        assert second.everything()["values"]["max_restarts"] == 4


def test_hazards_are_named(varnish: Varnish, place: Project):
    varnish.call("param.set", "vcc_allow_inline_c", "on")
    varnish.call("backend.set_health", "start.default", "sick")
    taken = place.take()
    varnish.call("param.reset", "vcc_allow_inline_c")
    varnish.call("backend.set_health", "start.default", "auto")
    found = {action.subject: [h.name for h in action.hazards] for action in place.plan(taken.commit).actions}
    assert found == {
        "vcl:active": [HazardName.DOWNTIME],
        "param:vcc_allow_inline_c": [HazardName.SECURITY],
    }


def test_what_is_sealed_is_not_in_the_store_and_comes_back(varnish: Varnish, tmp_path: Path):
    secretive = project(tmp_path / "project", settings(varnish, 'sealed = ["vcl:*"]\n'))
    varnish.use("secret", PLAIN + "# hunter2-and-more\n")
    before, taken = varnish.everything(), secretive.take()
    varnish.call("vcl.use", "start")
    varnish.call("vcl.discard", "secret")
    plan = secretive.plan(taken.commit)
    assert "hunter2" not in str(plan)
    well(secretive.restore(taken.commit))
    assert varnish.everything() == before


# Talking to it


@pytest.mark.parametrize("key", [SECRET.decode(), SECRET.decode().strip()])
def test_the_secret_can_be_given_as_it_is_in_the_file_or_without_its_end_of_line(
    varnish: Varnish, tmp_path: Path, key: str
):
    text = f'[resources.edge]\nadapter = "cdn"\nserver = "127.0.0.1:{varnish.cli}"\nkey = {json.dumps(key)}\n'
    assert project(tmp_path / "project", text).take().tree


def test_what_lets_nobody_in_is_one_clear_message(varnish: Varnish, tmp_path: Path):
    (tmp_path / "secret").write_text("wrong-secret-of-ours")
    for settings_of, words in {
        f'server = "127.0.0.1:{varnish.cli}"\nkey = "wrong-secret-of-ours"': "does not know this secret",
        f'server = "127.0.0.1:{varnish.cli}"': "asks for its secret",
        f'server = "127.0.0.1:{varnish.cli}"\nsecret_file = "no"': "cannot be read",
        f'server = "127.0.0.1:{varnish.port}"\ntimeout = 0.2': "no answer from Varnish",
        'server = "127.0.0.1:1"': "no answer from Varnish",
        'server = "here:there"': "no address of a CLI",
    }.items():
        place = project(tmp_path / "project", f'[resources.edge]\nadapter = "cdn"\n{settings_of}\n')
        with pytest.raises(SnapError, match=words) as raised:
            place.take()
        assert "wrong-secret" not in str(raised.value)


def test_a_program_longer_than_an_answer_may_be_is_an_error_that_says_what_to_raise(
    varnish: Varnish, place: Project
):
    varnish.use("long", START + "# filler\n" * 9000)
    with pytest.raises(SnapError, match="longer than cli_limit"):
        place.take()
    varnish.call("param.set", "cli_limit", "1m")
    taken = place.take()
    varnish.call("vcl.use", "start")
    varnish.call("vcl.discard", "long")
    well(place.restore(taken.commit))


# Purging


class Origin(Handler):
    """Counts what it is asked for; every page carries tags."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send(200, b"ok", [("Cache-Tag", "news,shop items")])


@contextmanager
def origin() -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []
    with serving(type("Handler", (Origin,), {"asked": asked})) as port:
        yield port, asked


@pytest.mark.parametrize(
    ("purge", "gone"),
    [
        ("everything", ["/a", "/b/c.d"]),
        ("/*", ["/a", "/b/c.d"]),
        ("/a", ["/a"]),
        ("/b/*.d", ["/b/c.d"]),
        ("/b/*xd", []),
        ("127.0.0.1/b/*", []),
        ("example.com/b/*", ["/b/c.d"]),
        ("tag:shop", ["/a", "/b/c.d"]),
        ("tag:sho", []),
    ],
)
def test_a_restore_is_followed_by_the_purge_that_was_asked_for(
    varnish: Varnish, tmp_path: Path, purge: str, gone: list[str]
):
    def visit() -> None:
        for path in ("/a", "/b/c.d"):
            url = f"http://127.0.0.1:{varnish.port}{path}"
            urllib.request.urlopen(
                urllib.request.Request(url, headers={"Host": "example.com"}), timeout=20
            ).read()

    with origin() as (port, asked):
        varnish.call("ban", "obj.status", "!=", "0")
        varnish.use("origin", START.replace('"9"', f'"{port}"'))
        place = project(tmp_path / "project", settings(varnish, f'purge = ["{purge}"]\n'))
        taken = place.take()
        varnish.call("param.set", "default_grace", "3")
        visit()
        assert asked == ["/a", "/b/c.d"]
        (action,) = [one for one in place.plan(taken.commit).actions if one.subject.startswith("purge:")]
        is_all = purge in ("everything", "/*")
        assert [hazard.name for hazard in action.hazards] == (["downtime"] if is_all else [])
        well(place.restore(taken.commit))
        asked.clear()
        visit()
        assert asked == gone
        varnish.call("vcl.use", "start")
