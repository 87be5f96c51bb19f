"""What is promised about Ctrl-C and SIGTERM while something is being started."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from snapstore import interruptions


@pytest.fixture
def heeded() -> Iterator[None]:
    """Ctrl-C does what it usually does, also where whoever runs the tests has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_an_interruption_takes_effect_at_the_end_of_the_block():
    reached = False
    with pytest.raises(KeyboardInterrupt):
        with interruptions.held():
            signal.raise_signal(signal.SIGINT)
            reached = True
        pytest.fail("it was lost")
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_an_interruption_nothing_happens():
    before = signal.getsignal(signal.SIGTERM)
    with interruptions.held():
        pass
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_failure_inside_comes_through():
    with pytest.raises(ValueError, match="mine"), interruptions.held():
        raise ValueError("mine")


def test_other_threads_may_use_it():
    entered = []

    def work() -> None:
        with interruptions.held():
            entered.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert entered
