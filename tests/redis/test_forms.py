"""Names, values and patterns: back without loss, and as Redis itself sees them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from snapstore_redis.names import (
    bytes_of,
    key_identities,
    key_identity,
    key_place,
    member_of,
    name_of,
    names_of,
    raw_of,
    value_of,
    values_of,
)
from snapstore_redis.parameters import newest, spelled
from snapstore_redis.patterns import matcher
from tests.redis import servers

RAW = st.one_of(
    st.binary(max_size=20), st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))
)


@given(RAW)
def test_bytes_become_text_and_the_same_bytes_again(raw: bytes):
    assert bytes_of(name_of(raw)) == raw
    assert bytes_of(member_of(raw)) == raw
    assert raw_of(value_of(raw)) == raw
    assert name_of(raw).isprintable()
    assert not member_of(raw).startswith("$")


@given(st.integers(0, 20), st.one_of(RAW, st.just(b"db3/x"), st.just(b"db/")))
def test_a_key_is_found_by_its_identity(database: int, raw: bytes):
    assert key_place(key_identity(database, name_of(raw))) == (database, raw)


@given(st.lists(st.one_of(RAW, st.sampled_from([b"plain", b"plain:2", b"two\nlines", b"db1/x"]))))
def test_many_at_once_are_what_they_are_one_by_one(raws: list[bytes]):
    assert names_of(raws) == [name_of(raw) for raw in raws]
    assert values_of(raws) == [value_of(raw) for raw in raws]
    for database in (0, 1):
        assert key_identities(database, raws) == [key_identity(database, name_of(raw)) for raw in raws]


@given(st.lists(st.tuples(st.integers(0, 12), RAW), unique=True))
def test_no_two_keys_have_the_same_identity(places: list[tuple[int, bytes]]):
    identities = [key_identity(database, name_of(raw)) for database, raw in places]
    assert len(set(identities)) == len(places)


PATTERNS = st.lists(
    st.sampled_from(
        ["*", "?", "a", "b", "\\", "[ab]", "[^a]", "[a-c]", "\\*", "]", "-", ".", "\n", "(", "|"]
    ),
    max_size=5,
).map("".join)
KEYS = st.lists(st.sampled_from([*"abc*?[]\\-.\n(|"]), min_size=1, max_size=4).map(
    lambda parts: "".join(parts).encode()
)


def test_a_pattern_matches_here_what_it_matches_there(newest: servers.Server):
    client = newest.client()

    @settings(max_examples=300)
    @given(PATTERNS, st.lists(KEYS, min_size=1, max_size=6))
    def same(pattern: str, keys: list[bytes]) -> None:
        client.flushall()
        client.mset(dict.fromkeys(keys, "1"))
        found = matcher([pattern])
        assert sorted(client.keys(pattern)) == sorted({key for key in keys if found(key)})

    same()


def test_old_names_of_parameters_are_known_by_the_new_ones():
    for old, new in {
        "slave-priority": "replica-priority",
        "min-slaves-to-write": "min-replicas-to-write",
        "repl-ping-slave-period": "repl-ping-replica-period",
        "cluster-slave-no-failover": "cluster-replica-no-failover",
        "hash-max-ziplist-entries": "hash-max-listpack-entries",
        "list-max-ziplist-size": "list-max-listpack-size",
        "lua-time-limit": "busy-reply-threshold",
        "bio_cpulist": "bio-cpulist",
        "replicaof": "replicaof",
    }.items():
        assert newest(old) == new
    assert spelled("hash-max-listpack-entries", (6, 2)) == "hash-max-ziplist-entries"
    assert spelled("busy-reply-threshold", (6, 2)) == "lua-time-limit"
    assert spelled("hash-max-listpack-entries", (7, 0)) == "hash-max-listpack-entries"
