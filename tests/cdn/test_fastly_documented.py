"""Everything that Fastly is sent is as its own library, made of its OpenAPI document, has it.

That library is large, so no install brings it: .ci/run puts it beside the others, or
``SNAPSTORE_TEST_FASTLY`` says where it is.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from snapstore_cdn.fastly.kinds import KINDS, PRODUCTS, VOLATILE
from tests.cdn.fastly import running
from tests.cdn.test_fastly import begin, hold_other, other, settings
from tests.project import project, well

FOLDER = Path(os.environ.get("SNAPSTORE_TEST_FASTLY", Path(__file__).parents[2] / ".venv" / "fastly"))
PURGE = '"everything", "tag:a", "www.example.com/a"'
VERSION = "/service/{service_id}/version/{version_id}/"
UNTOLD = {"director", "snippet", "logging/kafka", "logging/kinesis"}
"""Of these the document has what one is made of, but not what may be changed."""
UNSAID = {"rate-limiters": {"response"}}
"""And of these parts that Fastly's guides have, and its document only where they are told."""
UNMADE = {"request_settings"}
"""And of these the other way round."""
GONE = {"wordpress"}
"""Services of old may have some; the document has it no more."""


@pytest.fixture(scope="module")
def endpoints() -> Iterator[dict[tuple[str, str], Any]]:
    if not (FOLDER / "fastly").is_dir():
        pytest.skip("needs Fastly's library")
    sys.path.append(str(FOLDER))
    yield {(one.settings["http_method"], one.settings["endpoint_path"]): one for one in _endpoints()}
    sys.path.remove(str(FOLDER))


def _endpoints() -> Iterator[Any]:
    client = import_module("fastly.api_client").ApiClient()
    for path in sorted((FOLDER / "fastly" / "api").glob("*_api.py")):
        module = import_module(f"fastly.api.{path.stem}")
        for name, kind in vars(module).items():
            if name.endswith("Api") and kind.__module__ == module.__name__:
                yield from (one for key, one in vars(kind(client)).items() if key.endswith("_endpoint"))


def _parts(model: Any) -> dict[str, Any]:
    """The types of what a model has, by the names that they have on the wire."""
    return {model.attribute_map[name]: kinds for name, kinds in model.openapi_types.items()}


def _said(endpoint: Any) -> dict[str, Any]:
    """The same of what a body may say."""
    found = {}
    for name, place in endpoint.location_map.items():
        if place == "form":
            found[endpoint.attribute_map.get(name, name)] = endpoint.openapi_types[name]
        elif place == "body":
            found |= _parts(endpoint.openapi_types[name][0])
    return found


def _require_documented(body: dict[str, Any], parts: dict[str, Any]) -> None:
    assert body.keys() <= parts.keys()
    for name, value in body.items():
        if isinstance(value, list) and isinstance(parts[name][0], list) and parts[name][0][0] is not str:
            model = parts[name][0][0]
            for one in value:
                _require_documented(one, _parts(model))
                assert one["op"] in model.allowed_values["op",].values()


def test_everything_that_is_sent_is_documented(endpoints: dict[tuple[str, str], Any], tmp_path: Path):
    with running() as fastly:
        begin(fastly)
        place = project(tmp_path / "project", settings(fastly, f"purge = [{PURGE}]\n"))
        taken = place.take()
        fastly.deploy(other)
        hold_other(fastly)
        fastly.versions.pop(1)
        well(place.restore(taken.commit))
        well(place.undo())
    seen = set()
    for method, path, body in fastly.sent:
        found = next(one for one in endpoints if one[0] == method and _is(path, one[1]))
        is_untold = method == "PUT" and any(found[1].startswith(f"{VERSION}{kind}/") for kind in UNTOLD)
        known = ("POST", found[1].rpartition("/")[0]) if is_untold else found
        unsaid = UNSAID.get(path.rpartition("/")[2], set())
        _require_documented({key: body[key] for key in (body or {}).keys() - unsaid}, _said(endpoints[known]))
        seen.add(found[1].rpartition("/")[2])
    assert {"activate", "items", "entries", "http3", "purge_all", "{backend_name}"} <= seen
    assert {"server", "{server_id}", "{rate_limiter_id}", "{id}", "image_optimizer_default_settings"} <= seen


def _is(path: str, pattern: str) -> bool:
    """What is in braces stands for a word, but for addresses, which have several."""
    words = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(pattern).replace(r"\{cached_url\}", ".+"))
    return re.fullmatch(words, path) is not None


@pytest.mark.parametrize("path", sorted({*KINDS.values(), *PRODUCTS.values()} - GONE))
def test_all_that_is_told_of_a_part_can_be_said_again(endpoints: dict[tuple[str, str], Any], path: str):
    (told,) = endpoints["GET", VERSION + path].settings["response_type"]
    (told,) = told if isinstance(told, list) else told.openapi_types["value"][0]
    makes = [one for one in endpoints if one[0] == "PUT" and _is(f"{VERSION}{path}/x", one[1])]
    said = endpoints[makes[0] if path in UNMADE else ("POST", VERSION + path)]
    assert _parts(told).keys() - VOLATILE - UNSAID.get(path, set()) <= _said(said).keys()
