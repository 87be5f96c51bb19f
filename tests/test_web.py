"""What comes from what is no API, or not the one that was meant, is said in a word."""

from __future__ import annotations

import re

import pytest

from snapstore.errors import SnapError
from snapstore.remote.lost import LostError
from snapstore.remote.retrying import surely
from snapstore.remote.web import api
from tests.cdn.web import Answer, serving
from tests.dns.gateway import Gateway


def call(answer: Answer) -> None:
    with (
        serving(lambda *words: answer, Gateway(0)) as url,
        api(url, {}, "edge", 2, "docs/page.md") as made,
    ):
        surely(lambda: made.call("GET", "/things"), made.lost)


@pytest.mark.parametrize(
    ("answer", "what", "fix"),
    [
        ((404, b"", {}), "says 404 to GET /things: Not Found", "one of them is not there; see docs/page.md"),
        ((401, b"", {}), "says 401", "check the key of this resource; see docs/page.md"),
        (
            (302, b"", {"Location": "https://example.com/login?token=x"}),
            "says 302 to GET /things: it is at https://example.com/login",
            "check the address",
        ),
        ((200, b"<html>Welcome", {}), "its answer is not that of an API", "check the address"),
        ((429, b"", {}), "no answer from 127.0.0.1:{port}: it is asked too often (429)", "wait some minutes"),
        ((502, b"", {}), "it says 502", "whether it has trouble of its own"),
    ],
)
def test_who_answers_otherwise_than_the_api_is_told(
    answer: Answer, what: str, fix: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("snapstore.remote.retrying._PAUSE", 0.001)
    with pytest.raises(SnapError) as caught:
        call(answer)
    assert re.search(re.escape(what).replace(re.escape("{port}"), r"\d+"), caught.value.what)
    assert "token" not in caught.value.what
    assert fix in (caught.value.fix or "")


@pytest.mark.parametrize(
    ("key", "what"), [("", "no key is given"), ("a secr\net", "holds a line break"), ("secrét", "not ASCII")]
)
def test_a_key_that_is_none_is_told_and_not_shown(key: str, what: str):
    opened = api("http://127.0.0.1:1", {"Authorization": f"Bearer {key}"}, "edge", 2, "docs/page.md")
    with pytest.raises(SnapError) as caught, opened:
        pass
    assert what in caught.value.what
    assert caught.value.where == "resources.edge"
    assert "docs/page.md" in (caught.value.fix or "")
    assert "secr" not in str(caught.value)


def test_nobody_there_is_told_without_numbers():
    nobody = api("http://127.0.0.1:1", {}, "edge", 2, "docs/page.md")
    with nobody as made, pytest.raises(LostError, match=r"^Connection refused$"):
        made.call("GET", "/things")
