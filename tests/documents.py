"""JSON that commands print to tests, against the published schemas."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import click
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

import eqsolve.cli
from eqsolve.schemas import SCHEMA, schema


@cache
def _validator(form: str) -> Draft202012Validator:
    return Draft202012Validator(schema(form))


def fault(form: str, document: Any) -> str:
    """What is wrong with a document; empty if it is valid."""
    error = best_match(_validator(form).iter_errors(document))
    return "" if error is None else f"{form}, at {error.json_path}: {error.message[:500]}"


def hold(form: str, document: Any) -> None:
    """Assert that a document is valid, and no longer where one of its keys is changed.

    Every such key of a document, or of the first of a list, is renamed and gets a value of another
    type; the version is left out and is another one.
    """
    assert fault(form, document) == ""
    one = document[0] if isinstance(document, list) else document
    assert one["schema"] == SCHEMA
    fixed = schema(form).get("properties", one)
    for key, value in [(key, value) for key, value in one.items() if key in fixed]:
        del one[key]
        assert key == "schema" or fault(form, {**one, f"{key}s": value}), f"{key} is renamed"
        one[key] = object()
        assert fault(form, document), f"{key} is of another type"
        one[key] = value
    for wrong in ({}, {"schema": SCHEMA + 1}):
        del one["schema"]
        one |= wrong
        assert fault(form, document)
        one["schema"] = SCHEMA
    assert fault(form, document) == ""


def form_of(command: str, document: Any) -> str:
    """The form that a command prints."""
    if command == "sensitivity" and "axes" in document:
        return "signs"
    return "latex-check" if command == "latex" else command


@contextmanager
def watched() -> Iterator[list[str]]:
    """Validate whatever a command prints meanwhile; gives the list of faults."""
    faults: list[str] = []
    emit: Callable[[Any], None] = eqsolve.cli.common.emit

    def checked(document: Any) -> None:
        command = str(click.get_current_context().command.name)
        if command != "schema":
            faults.extend(filter(None, [fault(form_of(command, document), document)]))
        emit(document)

    rooms = [m for name, m in list(sys.modules.items()) if name.startswith("eqsolve.cli.")]
    holders = [room for room in rooms if vars(room).get("emit") is emit]
    for room in holders:
        setattr(room, "emit", checked)
    try:
        yield faults
    finally:
        for room in holders:
            setattr(room, "emit", emit)
