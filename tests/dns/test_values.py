"""What is read quickly from a transfer is the same as what dnspython makes of it."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdatatype
from hypothesis import example, given
from hypothesis import strategies as st

from snapstore_dns import transfer
from snapstore_dns.records import IN, owner_of, value_of


def as_dnspython_has_it(kind: int, raw: bytes) -> str:
    return value_of(dns.rdata.from_wire(IN, dns.rdatatype.RdataType(kind), raw, 0, len(raw)))


GROUPS = st.lists(st.sampled_from([b"\0\0", b"\0\1", b"\x20\1", b"\xff\xff"]), min_size=8, max_size=8)


@given(st.one_of(st.binary(min_size=16, max_size=16), GROUPS.map(b"".join)))
@example(bytes(10) + b"\xff\xff\1\2\3\4")
@example(bytes(16))
@example(b"\x20\1" + bytes(14))
def test_an_address_is_written_as_dnspython_writes_it(raw: bytes):
    assert transfer._address_of_ipv6(raw) in (None, as_dnspython_has_it(28, raw))


CHUNKS = st.lists(st.one_of(st.binary(max_size=9), st.text('a ";\\\\~!\x7f').map(str.encode)), min_size=1)


@given(CHUNKS.filter(lambda chunks: all(len(chunk) < 256 for chunk in chunks)))
def test_a_text_is_written_as_dnspython_writes_it(chunks: list[bytes]):
    raw = b"".join(bytes([len(chunk)]) + chunk for chunk in chunks)
    assert transfer._text(raw) in (None, as_dnspython_has_it(16, raw))


def test_what_is_cut_off_is_left_to_dnspython():
    assert transfer._text(b"\5abc") is None
    assert transfer._text(b"") is None
    assert transfer._address(b"\1\2\3") is None


LABEL = st.one_of(
    st.binary(min_size=1, max_size=9), st.sampled_from([b"WWW", b"a.b", b"*", b"0/25", b"_tcp"])
)


@given(st.lists(LABEL, max_size=4))
def test_a_name_is_written_as_dnspython_writes_it(labels: list[bytes]):
    whole = (*labels, b"")
    assert transfer._owner(whole) == owner_of(dns.name.Name(whole))
