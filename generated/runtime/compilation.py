# Copied by gradsmith from its runtime; do not edit. What follows has the digest b3698b2142d21c2379d279107bb60000a1611db784514f9df4b8556854cbee4c
"""`kernel`: compile an emitted function with Numba when it is first called, and keep the result.

Numba's own cache looks at the kernel's file alone and would go on using machine code made with an
older runtime, and it looks for the kernel's module under the name it was first imported by. So the
cache folder's name is a digest of the text of every file of this package, of the kernel's module and
of its name: any edit, and any other name, leads to another folder. Old folders are left where they
are: another process may still be using one.
"""

import functools
import hashlib
import os
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from numba import config, njit

# Sums may be reassociated, or no reduction vectorises, and a product and a sum may become one
# fused operation. All other flags are off: "nnan" and "ninf" lose NaN and infinities, "arcp" and
# "afn" lose digits, and "nsz" would lose the signs of zeros and gains nothing measurable.
_FAST_MATH = {"reassoc", "contract"}

_lock = threading.Lock()


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` compiled for nopython mode on its first call, one specialisation a dtype.

    The machine code is kept on disk, in the first of these that can be written:
    NUMBA_CACHE_DIR, `__pycache__` beside the kernel's module, gradsmith's folder in
    XDG_CACHE_HOME (~/.cache). Without any there is one warning a process and no cache;
    a function that comes from no file is not cached either.
    """
    return _kept(function, _FAST_MATH)


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which kernels call, compiled once for all of them; its sums are not reassociated."""
    return _kept(function, set())


def _kept(function: Callable[..., Any], fast_math: set[str]) -> Callable[..., Any]:
    compiled = njit(nogil=True, error_model="numpy", fastmath=fast_math)(function)
    source = Path(function.__code__.co_filename)
    if source.is_file():
        _enable_cache(compiled, source, function.__module__)
    return compiled


def _enable_cache(compiled: Callable[..., Any], source: Path, module: str) -> None:
    folder = _cache_folder(source, module)
    if folder is None:
        _warn_once()
        return
    with _lock:
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)
        try:
            compiled.enable_caching()  # type: ignore[attr-defined]
        finally:
            config.CACHE_DIR = before


def _cache_folder(source: Path, module: str) -> Path | None:
    """The folder for what is compiled from `source`, imported as `module`, with this runtime, or None."""
    name = f"{source.stem}-{_digest(source, module)}"
    for base in _bases(source):
        if _can_write(base / name):
            return base / name
    return None


def _bases(source: Path) -> Iterator[Path]:
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR)
    yield source.parent / "__pycache__"
    if os.environ.get("XDG_CACHE_HOME"):
        yield Path(os.environ["XDG_CACHE_HOME"]) / "gradsmith"
    elif os.environ.get("HOME"):
        yield Path(os.environ["HOME"]) / ".cache" / "gradsmith"


def _can_write(folder: Path) -> bool:
    """Try it: permission bits say little to root, in containers and on network disks."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _digest(source: Path, module: str) -> str:
    return hashlib.sha256(_runtime_digest() + module.encode() + b"\n" + source.read_bytes()).hexdigest()[:16]


@functools.cache
def _runtime_digest() -> bytes:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


@functools.cache
def _warn_once() -> None:
    warnings.warn(
        "gradsmith: no folder can be written for compiled kernels, so every process compiles "
        "them again; set NUMBA_CACHE_DIR to a folder that can be",
        RuntimeWarning,
        stacklevel=6,
    )
