"""Stamps packed, and read again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from snapstore.stamps import SIZE, files_of, live_folder, pack, unpack

NUMBER = st.integers(-(1 << 63), (1 << 63) - 1)
STAMPS = st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER, NUMBER), max_size=5)


@given(STAMPS)
def test_they_come_back(stamps: list[tuple[int, int, int, int, int]]) -> None:
    packed = pack(stamps)
    assert len(packed) == SIZE * len(stamps)
    assert unpack(packed) == stamps


def test_numbers_that_take_all_64_bits_stay_apart() -> None:
    """Inode numbers of network file systems, and times behind the year 2262."""
    large = [(1, 1 << 63, 0, (1 << 64) - 1, 0), (1, 1 << 63, 0, (1 << 64) - 2, 0), (1, 0, 1 << 63, 5, 0)]
    assert len({pack([stamp]) for stamp in large}) == 3
    assert pack(large) == b"".join(pack([stamp]) for stamp in large)


def test_a_folder_gives_its_files() -> None:
    files = [(b"one", (1, 2, 3, 4, 5)), (b"\xff", (6, 7, 8, 9, 10))]
    folder = live_folder(
        "a", "/a", b"".join([name + b"\0" for name, _ in files]), [stamp for _, stamp in files]
    )
    assert files_of(folder) == files
    assert files_of(live_folder("a", "/a", b"", [])) == []
