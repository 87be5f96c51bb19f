"""The cutting of env files: nothing is lost, and nothing secret becomes a name."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore_dotenv.dialects import interpret
from snapstore_dotenv.settings import Dialect
from snapstore_dotenv.syntax import Binding, Text, join, split

DIALECTS: list[Dialect] = ["node", "python", "compose", "shell"]

PLAIN = [b"A=1", b"export B = 'x'", b'C="two\nlines"', b"# note", b"D", b"export ", b"=", b"'", b'"']
ODD = [b"\n", b"\r\n", b"\r", b" ", b"\t", b"#", b"`", b"\\", b"\0", b"\xff", b"\xef\xbb\xbf"]
ARMOUR = [b"-----BEGIN X-----", b"-----END X-----"]
pieces = st.sampled_from([*PLAIN, *ODD, *ARMOUR])
env_files = st.one_of(st.binary(max_size=200), st.lists(pieces, max_size=30).map(b"".join))


@given(env_files, st.sampled_from(DIALECTS))
def test_the_pieces_join_to_the_file_whatever_it_holds(data: bytes, dialect: Dialect) -> None:
    assert join(split(data, dialect)) == data


@given(env_files, st.sampled_from(DIALECTS))
def test_texts_are_merged_and_no_piece_is_empty(data: bytes, dialect: Dialect) -> None:
    found = split(data, dialect)
    assert all(piece.raw for piece in found)
    assert not any(isinstance(a, Text) and isinstance(b, Text) for a, b in pairwise(found))


@given(env_files, st.sampled_from(DIALECTS))
def test_what_is_before_a_value_holds_its_name_and_no_nul(data: bytes, dialect: Dialect) -> None:
    for piece in split(data, dialect):
        if isinstance(piece, Binding):
            assert piece.name.encode() in piece.before and b"\0" not in piece.before
            assert piece.end in (b"", b"\n", b"\r\n", b"\r")


def one(data: bytes, dialect: Dialect = "node") -> Binding:
    (binding,) = split(data, dialect)
    assert isinstance(binding, Binding)
    return binding


@pytest.mark.parametrize(
    ("line", "name", "value", "after"),
    [
        (b"A=1\n", "A", b"1", b""),
        (b"A=", "A", b"", b""),
        (b"  export A.b-c = 1 \n", "A.b-c", b"1", b" "),
        (b"A='x # y' # z\n", "A", b"'x # y'", b" # z"),
        (b'A="x\ny"\r\n', "A", b'"x\ny"', b""),
        (b'A="x \\" y"\n', "A", b'"x \\" y"', b""),
        (b"A=`x\ny`", "A", b"`x\ny`", b""),
        (b'A="x" junk\n', "A", b'"x" junk', b""),
        (b'A="never closed\n', "A", b'"never closed', b""),
        (b"A=a b  c\t\n", "A", b"a b  c", b"\t"),
        (b"A=x=y==\n", "A", b"x=y==", b""),
        (b"A=\xff\xfe\n", "A", b"\xff\xfe", b""),
    ],
)
def test_bindings_are_cut_at_their_value(line: bytes, name: str, value: bytes, after: bytes) -> None:
    found = one(line)
    assert (found.name, found.value, found.after) == (name, value, after)


@pytest.mark.parametrize(
    ("dialect", "value", "after"),
    [
        ("node", b"x", b"#y #z"),
        ("python", b"x#y", b" #z"),
        ("compose", b"x#y", b" #z"),
        ("shell", b"x#y", b" #z"),
    ],
)
def test_the_dialect_says_where_a_comment_begins(dialect: Dialect, value: bytes, after: bytes) -> None:
    found = one(b"A=x#y #z\n", dialect)
    assert (found.value, found.after) == (value, after)


@pytest.mark.parametrize(
    "text",
    [
        b"# comment\n",
        b"\n",
        b"export A\n",
        b"no binding at all\n",
        b"1A=x\n",
        b"A B=x\n",
        b"\xef\xbb\xbf",
        b"=x\n",
        b"A: x",
    ],
)
def test_what_is_not_surely_a_binding_is_text(text: bytes) -> None:
    assert split(text, "node") == [Text(text)]


def test_the_lines_of_a_key_pasted_without_quotes_are_no_names() -> None:
    inner = b"MIIEvQIBADANBgkqhkiG9w0B=\nkeyMaterialLine2=\n"
    key = b"-----BEGIN PRIVATE KEY-----\n" + inner + b"-----END PRIVATE KEY-----\n"
    names = [piece.name for piece in split(b"KEY=" + key + b"NEXT=1\n", "node") if isinstance(piece, Binding)]
    assert names == ["KEY", "NEXT"]
    assert split(key, "node") == [Text(key)]


@pytest.mark.parametrize("line", [b"c2VjcmV0LXZhbHVl9A=\n", b"c2VjcmV0VmFsdWVY9A==\n"])
def test_the_padded_end_of_base64_is_no_name(line: bytes) -> None:
    assert split(line, "node") == [Text(line)]


@pytest.mark.parametrize(
    ("text", "dialect", "value"),
    [
        ("plain", "node", "plain"),
        ('"a\\nb"', "node", "a\nb"),
        ('"a\\tb"', "node", "a\\tb"),
        ("`a`", "node", "a"),
        ("`a`", "python", "`a`"),
        ("'a\\'b'", "python", "a'b"),
        ("'a\\nb'", "compose", "a\\nb"),
        ('"\\$x"', "compose", "$x"),
        ("a\\ b", "shell", "a b"),
        ('"a\\\nb"', "shell", "ab"),
        ("'", "node", "'"),
        ("", "python", ""),
    ],
)
def test_public_values_are_shown_as_the_application_reads_them(
    text: str, dialect: Dialect, value: str
) -> None:
    assert interpret(text, dialect) == value
