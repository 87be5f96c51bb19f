"""Entry point of ``snap``: answers ``--version`` and ``--help`` before anything else is imported."""

from __future__ import annotations

import gc
import os
import sys

from snapstore import __version__

HELP = os.path.join(os.path.dirname(__file__), "help.txt")  # noqa: PTH118, PTH120 - pathlib is an import
"""What click prints for ``snap --help`` in 80 columns; a test fails when it does not any more."""


def main() -> None:
    """Run the command line; never returns."""
    _occupy_streams()
    answer = _known_answer(sys.argv[1:])
    if answer is not None and _written(answer):
        raise SystemExit(0)
    # Most of what one run makes lives to its end, so looking for garbage is in vain: a tenth of a take.
    gc.set_threshold(1_000_000)
    # While a thread that reads answers waits for its turn, by default up to 5 ms, its server waits too.
    sys.setswitchinterval(0.0005)
    from snapstore.cli import run

    run()


def _occupy_streams() -> None:
    """Where a daemon or ``>&-`` has closed one, what is written to it goes nowhere: the next file that is
    opened would else get its number, and with it whatever a library or a child has to say."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def _known_answer(words: list[str]) -> str | None:
    if words == ["--version"]:
        return f"snap {__version__}\n"
    if words in (["-h"], ["--help"]) and "COLUMNS" not in os.environ:
        with open(HELP, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is an import
            return file.read()
    return None


def _written(text: str) -> bool:
    """Whether stdout took it; what is wrong otherwise is told by those who do so for every command."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    main()
