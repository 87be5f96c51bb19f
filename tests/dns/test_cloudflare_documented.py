"""Every record that is sent to Cloudflare is as its own library, made of its OpenAPI document, has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cloudflare_library import Library
from tests.dns import cloudflare
from tests.dns.cloudflare import Record, record
from tests.dns.test_cloudflare import EVERYTHING, WWW, settings
from tests.project import project, well


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What checks a record, by its type."""
    library = Library(monkeypatch)
    kinds = sorted({one["type"] for one in EVERYTHING} - {"OPENPGPKEY"})
    found = {
        kind: library.checking(f"dns.{kind.lower()}_record_param", f"{kind}RecordParam") for kind in kinds
    }
    return found | {
        "OPENPGPKEY": library.checking("dns.record_batch_params", "PostDNSRecordsOpenpgpkeyRecord")
    }


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
