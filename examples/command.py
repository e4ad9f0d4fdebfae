"""The command line of an example: where its pictures go, and one line where something is missing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pictures import MissingExtra, pyplot
from rich.console import Console


def run(example: Callable[[Path, Console], Any], description: str) -> None:
    """Run an example with `--out`; progress goes to the terminal, results to the output."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=Path("build"), help="folder of the pictures (build)")
    out = parser.parse_args().out
    if out.exists() and not out.is_dir():
        parser.error(f"--out {out} is a file: give a folder")
    try:
        pyplot()  # before minutes of training, not behind them
        out.mkdir(parents=True, exist_ok=True)
        example(out, Console(stderr=True))
    except (MissingExtra, OSError) as fault:
        sys.exit(f"{Path(sys.argv[0]).stem}: {fault}")
    except KeyboardInterrupt:
        sys.exit(f"{Path(sys.argv[0]).stem}: stopped")
    print(f"pictures: {out}/{Path(sys.argv[0]).stem}_*.png")
