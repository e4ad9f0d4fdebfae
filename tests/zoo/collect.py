"""Where a file of the zoo puts its ops."""

from __future__ import annotations

from collections.abc import Callable

from derive.language import OpSpec, Spec, op

Build = Callable[[Spec], None]


def zoo_of() -> tuple[Callable[[Build], Build], list[OpSpec]]:
    """A decorator that makes a function an op of its name, and the list that it puts the ops in."""
    found: list[OpSpec] = []

    def zoo(build: Build) -> Build:
        found.extend(op(title=build.__name__.replace("_", " "), source="a user's file")(build))
        return build

    return zoo, found
