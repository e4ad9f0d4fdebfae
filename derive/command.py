"""The console script: finds our `codegen`, a name that others use too, and hands over to it."""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    """Run the command line, or stop with one line if `codegen` is another package."""
    codegen = importlib.import_module("codegen")
    if not getattr(codegen, "GRADSMITH", False):
        place = getattr(codegen, "__file__", None) or "an unknown place"
        sys.exit(
            f"gradsmith: the package 'codegen' at {place} is not ours: "
            "install gradsmith in its own environment"
        )
    importlib.import_module("codegen.cli").main()
