"""The program of a process that calls a published op: `python caller.py OP GIVEN.npz MADE.npz`.

It knows NumPy and the package beside it, nothing of gradsmith. GIVEN holds the inputs (`i0`, `i1`, ...), the
numbers (`n_` and a name) and the cotangents (`c_` and a name). Eight threads make the first calls, which
compile, all at once; what is printed is how many different results there were, which should be 1.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

THREADS, CALLS = 8, 16


def main(name: str, given_path: str, made_path: str) -> None:
    """Call the op, save what the first call gave, print how many results differ."""
    op = importlib.import_module(f"package.{name}")
    with np.load(given_path) as given:
        inputs = [given[n] for n in sorted((n for n in given.files if n[0] == "i"), key=lambda n: int(n[1:]))]
        numbers = {n[2:]: given[n].item() for n in given.files if n.startswith("n_")}
        cotangents = {n[2:]: given[n] for n in given.files if n.startswith("c_")}

    def call(_: int) -> dict[str, Any]:
        outputs, pullback = op.vjp(*inputs, **numbers)
        named = (*outputs._asdict().items(), *pullback(**cotangents)._asdict().items())
        return {f"{k}_{n}": np.asarray(a) for k, (n, a) in enumerate(named) if a is not None}

    with ThreadPoolExecutor(THREADS) as pool:
        made = list(pool.map(call, range(CALLS)))
    np.savez(made_path, **made[0])
    print(len({hashlib.sha256(b"".join(a.tobytes() for a in m.values())).hexdigest() for m in made}))


if __name__ == "__main__":
    main(*sys.argv[1:])
