"""Names that may stand in generated source, and the line of the spec that is at fault."""

from __future__ import annotations

import keyword
import sys
from pathlib import Path

from derive.errors import SpecError
from derive.words import shown

DERIVE = Path(__file__).resolve().parent
LONGEST = 100  # letters of a name: with what is put around it, it must do as a file's
RESERVED = frozenset({"count", "index", "wrt", "np", "kernels", "forward", "vjp", "pack", "unpack"})


def check_name(name: str, where: str = "") -> str:
    """The name, if it may stand in generated source: a plain identifier, no keyword, not reserved."""
    plain = isinstance(name, str) and name.isascii() and name.isidentifier()
    if plain and len(name) > LONGEST:
        raise SpecError(f"the name {shown(name)} has {len(name)} letters: use at most {LONGEST}", where)
    if not plain or keyword.iskeyword(name) or name.startswith("_") or name in RESERVED:
        raise SpecError(
            f"{shown(name)} cannot name anything in generated source: use a plain ASCII identifier that "
            "is no keyword, does not begin with '_' and is none of " + ", ".join(sorted(RESERVED)),
            where,
        )
    return name


def location() -> str:
    """file:line of the nearest caller outside `derive`: of the spec's own line."""
    frame = sys._getframe(1)
    while frame.f_back is not None and not _is_authors(frame.f_code.co_filename):
        frame = frame.f_back
    return place(frame.f_code.co_filename, frame.f_lineno)


def line_of(fault: BaseException) -> str:
    """file:line of the spec's line that an exception came through, "" if it came through none."""
    found = ""
    trace = fault.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        found = place(path, trace.tb_lineno) if _is_authors(path) else found
        trace = trace.tb_next
    return found


def place(path: str, line: int) -> str:
    return f"{Path(path).name}:{line}"


def _is_authors(path: str) -> bool:
    """Whether a file is an author's: not one of `derive`, whose specs in `ops` are, though."""
    folder = Path(path).parent
    return not path.startswith("<frozen ") and (
        DERIVE not in (folder, *folder.parents) or folder == DERIVE / "ops"
    )
