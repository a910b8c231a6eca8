"""Esc is answered when its delay is over, and not when Textual happens to look."""

from __future__ import annotations

import os
import selectors

import pytest
from textual import constants
from textual.drivers import linux_driver

from fwtui.escape import Attentive, answer_esc_soon


@pytest.fixture
def waited(monkeypatch):
    """How long each call waited for something to read."""
    times = []
    select = selectors.SelectSelector.select

    def watched(self, timeout=None):
        times.append(timeout)
        return select(self, 0)

    monkeypatch.setattr(selectors.SelectSelector, "select", watched)
    return times


def test_after_something_was_read_it_looks_again_once_the_delay_of_esc_is_over(waited, monkeypatch):
    monkeypatch.setattr(constants, "ESCAPE_DELAY", 0.025)
    read, write = os.pipe()
    with Attentive() as selector:
        selector.register(read, selectors.EVENT_READ)
        assert selector.select(0.1) == []
        os.write(write, b"\x1b")
        assert len(selector.select(0.1)) == 1
        os.read(read, 1)
        assert selector.select(0.1) == []
        selector.select(0.1)
    os.close(read)
    os.close(write)
    assert waited[:2] == [0.1, 0.1]
    assert 0.025 < waited[2] < 0.03
    assert waited[3] == 0.1, "nothing was read: there is nothing to decide"


def test_the_driver_of_textual_waits_so(monkeypatch):
    monkeypatch.setattr(linux_driver, "selectors", selectors)
    answer_esc_soon()
    assert linux_driver.selectors.SelectSelector is Attentive
    assert linux_driver.selectors.EVENT_READ == selectors.EVENT_READ
