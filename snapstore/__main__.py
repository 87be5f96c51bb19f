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
    answer = _known_answer(sys.argv[1:])
    if answer is not None and _written(answer):
        raise SystemExit(0)
    # Most of what one run makes lives to its end, so looking for garbage is in vain: a tenth of a take.
    gc.set_threshold(1_000_000)
    # While a thread that reads answers waits for its turn, by default up to 5 ms, its server waits too.
    sys.setswitchinterval(0.0005)
    from snapstore.cli import run

    run()


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
