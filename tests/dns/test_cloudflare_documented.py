"""Every record that is sent to Cloudflare is as its own library, made of its OpenAPI document, has it.

That library is large, so no install brings it: .ci/run puts it beside the others, or
``SNAPSTORE_TEST_CLOUDFLARE`` says where it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.dns import cloudflare
from tests.dns.cloudflare import Record, record
from tests.dns.test_cloudflare import EVERYTHING, WWW, settings
from tests.project import project, well

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(os.environ.get("SNAPSTORE_TEST_CLOUDFLARE", ROOT / ".venv" / "cloudflare"))
TYPES = "cloudflare.types.dns"


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What checks a record, by its type; parts that are not documented are refused."""
    if not (FOLDER / "cloudflare").is_dir():
        pytest.skip("needs Cloudflare's library")
    monkeypatch.setattr(sys, "path", [*sys.path, str(FOLDER)])
    adapter = import_module("pydantic").TypeAdapter
    found = {}
    for kind in sorted({one["type"] for one in EVERYTHING} - {"OPENPGPKEY"}):
        module = import_module(f"{TYPES}.{kind.lower()}_record_param")
        _forbid_others(module)
        found[kind] = adapter(getattr(module, f"{kind}RecordParam"))
    batch = import_module(f"{TYPES}.record_batch_params")
    _forbid_others(batch)
    found["OPENPGPKEY"] = adapter(batch.PostDNSRecordsOpenpgpkeyRecord)
    return found


def _forbid_others(module: Any) -> None:
    for one in vars(module).values():
        if isinstance(one, type) and hasattr(one, "__total__"):
            setattr(one, "__pydantic_config__", {"extra": "forbid"})  # noqa: B010


def sent(batches: list[Record]) -> Iterator[Record]:
    for batch in batches:
        assert all(one.keys() == {"id"} for one in batch.get("deletes", ()))
        yield from batch.get("posts", ())
        for one in batch.get("puts", ()):
            assert isinstance(one["id"], str)
            yield {name: part for name, part in one.items() if name != "id"}


def test_every_record_that_is_sent_is_documented(types: dict[str, Any], tmp_path: Path):
    with cloudflare.running() as service:
        place = project(tmp_path / "project", settings(service.url))
        service.add(*EVERYTHING)
        taken = place.take()
        service.remove({"type": "TXT"}, {"type": "SRV"}, {"type": "CNAME"})
        service.add(record(f"{WWW}", "TXT", 60, '"new"'))
        for one in service.records[service.zone].values():
            one["comment"] = "changed"
        service.batches.clear()
        well(place.restore(taken.commit))
        well(place.undo())
        bodies = list(sent(service.batches))
    assert {one["type"] for one in bodies} == types.keys()
    for one in bodies:
        types[one["type"]].validate_python(one)
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        types["A"].validate_python({**record(WWW, "A", 60, "192.0.2.1"), "flags": 1})
