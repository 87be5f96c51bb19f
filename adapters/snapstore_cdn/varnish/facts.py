"""The shape of the facts.

    vcl:active              the program that answers requests: its ``source``, ``includes`` by path, and the
                            ``health`` that somebody has given to its backends; or the ``label`` that is used
    label:shop              the program that a label stands for, the same way
    param:default_ttl       its ``value``

What programs are called is no state, nor are those that neither a label stands for nor answer requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from snapstore.model import Document, Fact, Json
from snapstore_cdn.varnish.sources import Sources

VCL, LABEL = "vcl", "label"
ACTIVE = f"{VCL}:active"
PARAM = "param"


def program(identity: str, sources: Sources, health: Mapping[str, str], needs: Sequence[str]) -> Fact:
    attrs: dict[str, Json] = {"source": sources.main}
    if sources.includes:
        attrs["includes"] = dict(sources.includes)
    if health:
        attrs["health"] = dict(health)
    return Fact(identity, attrs, needs=tuple(f"{LABEL}:{name}" for name in sorted(needs)))


def documents(programs: Sequence[Fact], parameters: Sequence[tuple[str, str]]) -> list[Document]:
    values = [Fact(f"{PARAM}:{name}", {"value": value}) for name, value in sorted(parameters)]
    return [
        Document("vcl.json", tuple(sorted(programs, key=lambda fact: fact.id))),
        Document("params.json", tuple(values)),
    ]


def sources_of(attrs: Mapping[str, Json]) -> Sources:
    return Sources(attrs["source"], attrs.get("includes", {}))
