"""What a long check has finished: a note for each piece, beside the published files, outside version control.

A note counts only while everything that its piece depends on is the same, byte for byte. Only what passed is
noted; so a check that was stopped goes on where it was, and what failed is run again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.together import alone_in, put


@dataclass(frozen=True, slots=True)
class Journal:
    """The notes of one folder; `afresh` reads none of them."""

    folder: str
    afresh: bool = False

    def once(self, name: str, digest: str, work: Callable[[], Any]) -> Any:
        """What `work` gives, a value that JSON can hold, or what it gave before."""
        note = Path(self.folder) / f"{name}.json"
        held = None if self.afresh else _read(note)
        if held is not None and held.get("digest") == digest:
            return held["result"]
        result = work()
        note.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(note.parent):
            put(note.parent, {note.name: json.dumps({"digest": digest, "result": result})})
        return result


def _read(note: Path) -> dict[str, Any] | None:
    try:
        held = json.loads(note.read_text("utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return held if isinstance(held, dict) and "result" in held else None
