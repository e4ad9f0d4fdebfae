"""Files that appear together, whoever else writes into the folder and whenever a process is killed.

Only one process at a time moves files in a folder: it holds a lock, which the system takes back from the
dead. It makes all files ready beside, where version control does not look, calls them complete by one
rename, and moves them to their places, certificates last. What a killed process had not completed is thrown
away, what it had completed is moved, by the next that holds the lock. Until then a certificate does not fit
its module: whoever imports the module is told so.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HIDDEN = "__pycache__"
LOCK, DRAFT, READY = "gradsmith.lock", "gradsmith.draft", "gradsmith.ready"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait for the folder, made if need be; while it is held, nobody else moves files there."""
    hidden = folder / HIDDEN
    hidden.mkdir(parents=True, exist_ok=True)
    with (hidden / LOCK).open("a+b") as lock:  # the system takes the lock back with the file
        _acquire(lock.fileno())
        _finish(folder)
        yield


def finish(folder: Path) -> None:
    """Complete or clear away what a killed process left in a folder."""
    if any((folder / HIDDEN / name).exists() for name in (DRAFT, READY)):
        with alone_in(folder):
            pass


def put(folder: Path, files: Mapping[str, str]) -> None:
    """Write files, by their path in a folder that is held: all of them or none."""
    draft, ready = (folder / HIDDEN / name for name in (DRAFT, READY))
    for name, text in files.items():
        path = draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    if files:
        draft.rename(ready)
        _move(folder, _in_order(ready))
        shutil.rmtree(ready)


def _finish(folder: Path) -> None:
    """Move what was complete, but not over a file that is newer: somebody has written it since."""
    draft, ready = (folder / HIDDEN / name for name in (DRAFT, READY))
    _move(folder, [n for n in _in_order(ready) if not _is_newer(folder / n, ready / n)])
    for left in (ready, draft):
        if left.exists():
            shutil.rmtree(left)


def _in_order(ready: Path) -> list[Path]:
    """The runtime first, certificates last."""
    names = (p.relative_to(ready) for p in ready.rglob("*") if p.is_file())
    return sorted(names, key=lambda name: (name.suffix == ".json", len(name.parts) == 1, name))


def _move(folder: Path, names: Iterable[Path]) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        os.replace(folder / HIDDEN / READY / name, folder / name)


def _is_newer(path: Path, other: Path) -> bool:
    return path.exists() and path.stat().st_mtime_ns > other.stat().st_mtime_ns


if sys.platform == "win32":
    import msvcrt
    import time

    def _acquire(file: int) -> None:
        while True:
            try:
                return msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.05)
else:
    import fcntl

    def _acquire(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)
