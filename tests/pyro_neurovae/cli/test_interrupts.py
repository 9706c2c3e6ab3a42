"""Signals that ask a command to stop."""

from __future__ import annotations

import os
import signal

import pytest

from pyro_neurovae.cli.interrupts import stoppable, uninterrupted

REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("request_to_stop", REQUESTS)
def test_a_request_raises_keyboard_interrupt(request_to_stop):
    before = [signal.getsignal(number) for number in REQUESTS]
    with pytest.raises(KeyboardInterrupt), stoppable():
        os.kill(os.getpid(), request_to_stop)
    assert [signal.getsignal(number) for number in REQUESTS] == before


@pytest.mark.parametrize("request_to_stop", REQUESTS)
def test_a_request_is_ignored_where_files_change_place(request_to_stop):
    with stoppable():
        with uninterrupted():
            os.kill(os.getpid(), request_to_stop)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), request_to_stop)


def test_what_the_caller_ignores_stays_ignored():
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
