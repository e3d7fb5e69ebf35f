"""One function in a process of its own."""

from __future__ import annotations

import os
import time
from multiprocessing import active_children

import pytest

from eqsolve import registry
from eqsolve.errors import EqsolveError, UnknownGameError
from eqsolve.meanwhile import meanwhile


def test_the_answer_and_the_error_are_those_of_the_function() -> None:
    with meanwhile(os.getpid) as other:
        assert other() != os.getpid()
    with meanwhile(registry.model, "nope") as other:
        with pytest.raises(UnknownGameError, match="nope") as caught:
            other()
    with pytest.raises(UnknownGameError) as here:
        registry.model("nope")
    assert vars(caught.value) == vars(here.value)


def test_a_process_that_ends_is_said() -> None:
    with meanwhile(os._exit, 3) as other:
        with pytest.raises(EqsolveError, match="without an answer"):
            other()


def test_what_ends_the_block_ends_the_process() -> None:
    before = {*active_children()}
    with pytest.raises(KeyboardInterrupt):
        with meanwhile(time.sleep, 10_000):
            raise KeyboardInterrupt
    assert {*active_children()} == before
