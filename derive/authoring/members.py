"""The names by which a part is given values: its tensors and numbers, a pack as a whole or its members."""

from __future__ import annotations

from typing import Any

from derive.algebra.index import Affine
from derive.authoring.close import show
from derive.authoring.handles import Handle
from derive.authoring.spec import Spec
from derive.errors import SpecError


def check_known(inner: Spec, name: str, given: dict[str, Any]) -> None:
    """Raise SpecError for a name that the part does not have."""
    tensors = {t.name for t in inner.tensors if t.role != "computed"} | set(inner.outputs)
    known = tensors | {p.name for p in inner.integers} | {p.name for p in inner.reals}
    unknown = [k for k in given if k not in known | inner.packs.keys()]
    if unknown:
        listed = ", ".join(sorted(known))
        raise SpecError(f"{name}: {inner.op.name} has no {unknown[0]!r}: it has {listed}")


def with_members(inner: Spec, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The values with each pack as its members."""
    found = {k: v for k, v in given.items() if k not in inner.packs}
    for pack, members in inner.packs.items():
        if pack not in given:
            continue
        twice = next((m for m in members if m in given), None)
        if twice:
            raise SpecError(f"{name}: {twice} is given twice, alone and in {pack}: give it once")
        found.update(zip(members, _members(inner, name, pack, given[pack]), strict=True))
    return found


def _members(inner: Spec, name: str, pack: str, value: Any) -> tuple[Any, ...]:
    """A pack's members, given one by one or as one tensor, whose first axis they are."""
    members = inner.packs[pack]
    if isinstance(value, Handle) and not value.tensor.integer and value.tensor.dims[:1]:
        if value.tensor.dims[0] == Affine.of(len(members)):
            return tuple(value[n] for n in range(len(members)))
        raise SpecError(
            f"{name}: {value.tensor.name} is {show(value.tensor.dims)}, but {pack} of {inner.op.name} has "
            f"{len(members)} members: its first axis is theirs"
        )
    if isinstance(value, (tuple, list)) and len(value) == len(members):
        return tuple(value)
    told = f"{len(value)}" if isinstance(value, (tuple, list)) else "one value"
    raise SpecError(
        f"{name}: {pack} of {inner.op.name} has {len(members)} members, not {told}: give "
        f"{', '.join(members)} as a tuple, or one tensor whose first axis they are"
    )
