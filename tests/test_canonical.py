from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from snapstore.canonical import decode, dumps, encode, normal
from snapstore.errors import SnapError
from snapstore.model import Document, Fact

# What a PostgreSQL or a file system could say: any text, and bytes that are not UTF-8 as surrogates.
texts = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.text(alphabet="a\n\r\f\u2028$text", max_size=8),
    st.binary(max_size=6).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.just("$text"),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
facts = st.builds(
    Fact,
    id=texts,
    attrs=st.dictionaries(texts, values, max_size=4),
    parent=st.none() | texts,
    needs=st.lists(texts, unique=True, max_size=3).map(lambda needs: tuple(sorted(needs))),
)
documents = st.builds(
    Document, path=st.just("d.json"), facts=st.lists(facts, unique_by=lambda f: f.id).map(tuple)
)


@given(documents)
@example(Document("d.json", (Fact("a", {"$text": ["x"], "$$text": 1, "b": "\n"}),)))
def test_every_document_is_read_back_as_it_was(document: Document) -> None:
    again = decode("d.json", encode(document))
    assert {fact.id: fact for fact in again.facts} == {fact.id: fact for fact in document.facts}


@given(documents)
def test_the_bytes_are_plain_utf8_json_that_any_tool_reads(document: Document) -> None:
    data = encode(document)
    assert data.endswith(b"\n")
    assert json.loads(data.decode("utf-8"))["facts"].keys() == {fact.id for fact in document.facts}


@given(documents)
def test_encoding_what_was_decoded_gives_the_same_bytes(document: Document) -> None:
    data = encode(document)
    assert encode(decode("d.json", data)) == data


@given(documents, st.lists(texts, max_size=3))
def test_what_is_remembered_of_a_document_is_what_would_be_read_back(
    document: Document, needs: list[str]
) -> None:
    untidy = [Fact(fact.id, fact.attrs, fact.parent, (*needs, *fact.needs)) for fact in document.facts]
    document = Document(document.path, tuple(untidy))
    assert normal(document) == decode("d.json", encode(document)).facts


@given(facts, facts)
def test_order_of_facts_keys_and_needs_makes_no_difference(one: Fact, two: Fact) -> None:
    if one.id == two.id:
        return
    turned = Fact(one.id, dict(reversed(one.attrs.items())), one.parent, one.needs[::-1])
    assert encode(Document("d", (one, two))) == encode(Document("d", (two, turned)))


def test_a_document_reads_well() -> None:
    fact = Fact(
        "view:public.v", {"query": "SELECT 1\nFROM t", "owner": "app"}, "schema:public", ("table:t", "a:b")
    )
    assert encode(Document("d.json", (fact,))).decode() == (
        '{\n  "facts": {\n    "view:public.v": {\n      "attrs": {\n        "owner": "app",\n'
        '        "query": {\n          "$text": [\n            "SELECT 1\\n",\n            "FROM t"\n'
        '          ]\n        }\n      },\n      "needs": [\n        "a:b",\n        "table:t"\n      ],\n'
        '      "parent": "schema:public"\n    }\n  }\n}\n'
    )


def test_what_is_empty_is_left_out() -> None:
    assert encode(Document("d.json", (Fact("a:b"),))) == b'{\n  "facts": {\n    "a:b": {}\n  }\n}\n'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"facts": []}',
        b'{"facts": {"a": 1}}',
        b'{"facts": {"a": {"attr": {}}}}',
        b'{"facts": {}, "more": 1}',
        b'{"facts": {"a": {"attrs": {"x": {"$text": 5}}}}}',
        b'{"facts": {"a": {"attrs": {"x": {"$text": ["x", 5]}}}}}',
        b'{"facts": {"a": {"attrs": ' + b'{"x":' * 100_000,
    ],
)
def test_what_is_no_document_is_an_error_that_names_its_path(data: bytes) -> None:
    with pytest.raises(SnapError, match="not a document") as caught:
        decode("db/x.json", data)
    assert caught.value.where == "db/x.json"


def test_plain_json_is_sorted_and_keeps_text_whole() -> None:
    assert dumps({"b": "x\ny", "a": [1, {}]}) == b'{\n  "a": [\n    1,\n    {}\n  ],\n  "b": "x\\ny"\n}\n'
