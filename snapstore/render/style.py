"""Colour and safety of what is printed.

Renderers mark colours with Unicode noncharacters, and :func:`finish` turns them into terminal sequences, or
drops them, after every control character in the text was made visible. So nothing that a file name, a
comment in a database or an error of a server holds can reach the terminal as a control sequence, however it
came into the text; the worst it could do is to carry a mark and change a colour.
"""

from __future__ import annotations

import re

RESET = "\ufdd0"
_SEQUENCES = {
    RESET: "\x1b[0m",
    "\ufdd1": "\x1b[32m",
    "\ufdd2": "\x1b[31m",
    "\ufdd3": "\x1b[33m",
    "\ufdd4": "\x1b[35m",
    "\ufdd5": "\x1b[1m",
    "\ufdd6": "\x1b[2m",
    "\ufdd7": "\x1b[1;31m",
    "\ufdd8": "\x1b[36m",
}
ADDED, REMOVED, CHANGED, REPLACED, BOLD, DIM, HAZARD, PLACE = list(_SEQUENCES)[1:]

_UNSAFE = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdd8]"


def paint(text: str, mark: str) -> str:
    """``text`` in a colour."""
    return f"{mark}{text}{RESET}" if text else text


def name(text: str) -> str:
    """A foreign name on one line: a line break or a tab in it must not look like one of ours."""
    return text.replace("\n", "\\n").replace("\t", "\\t")


def finish(text: str, colour: bool) -> str:
    """What may be written to a terminal or a file: control characters and broken bytes made visible."""

    def visible(found: re.Match[str]) -> str:
        character = found[0]
        if character in _SEQUENCES:
            return _SEQUENCES[character] if colour else ""
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            code -= 0xDC00
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

    if text.isascii() and text.replace("\n", "").isprintable():
        return text  # as most messages are; most runs print nothing for which to compile the expression
    return re.sub(_UNSAFE, visible, text)
