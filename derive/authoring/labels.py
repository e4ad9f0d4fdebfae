"""What an author declares of labels: what lies outside their range, and which value counts as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.errors import SpecError
from derive.names import location

ERROR, ZERO = "error", "zero"
LEAST, MOST = -(2**63), 2**63 - 1  # of int64


def labels(
    name: str, integer: bool, outside: str = ERROR, ignore_label: int | None = None
) -> Mapping[str, Any]:
    """The fields of an input's declaration that are about labels. Raises SpecError."""
    if outside not in (ERROR, ZERO):
        raise SpecError(f'outside={outside!r} of {name}: give "{ERROR}" or "{ZERO}"', location())
    whole = isinstance(ignore_label, int) and not isinstance(ignore_label, bool)
    if ignore_label is not None and not (whole and LEAST <= ignore_label <= MOST):
        raise SpecError(f"ignore_label={ignore_label!r} of {name}: give an integer of 64 bits", location())
    if not integer and (outside, ignore_label) != (ERROR, None):
        raise SpecError(
            f"{name} holds no labels: outside= and ignore_label= go with integer=True", location()
        )
    return {"integer": integer, "outside": outside, "ignore_label": ignore_label}
