"""The main job: derive, generate and verify the pilots, train on real digits with them, and report.

python3.11 run.py demo
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
LEAST_ACCURACY = 0.97
PILOTS = (
    *("dense", "dense_sigmoid", "dense_tanh", "dense_relu", "softmax_cross_entropy"),
    *("conv2d", "conv2d_relu", "max_pool2d", "lstm"),
)


def generate(console: Console) -> list[dict[str, str]]:
    """Generate the pilots into generated/; a row for each."""
    console.rule("1. derive, generate, verify")
    command = [sys.executable, "-m", "codegen", "generate", *PILOTS, "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    rows: list[dict[str, str]] = json.loads(done.stdout)
    return rows


def train(console: Console) -> float:
    """Train the classifier of examples/digits.py; its held-out accuracy."""
    console.rule("2. train on scikit-learn's 1,797 handwritten digits, with generated ops only")
    sys.path[:0] = [str(ROOT), str(ROOT / "examples")]
    import digits

    return digits.train(console)


def report(rows: list[dict[str, str]], accuracy: float) -> None:
    """What was done, and where to look next."""
    screen = Console(width=None if sys.stdout.isatty() else 110)
    screen.rule("3. report")
    table = Table()
    for heading in ("op", "rungs passed", "rungs not shown", "mutants killed"):
        table.add_column(heading)
    for row in rows:
        table.add_row(row["op"], row["passed"], row["not_shown"], row["mutants"])
    screen.print(table)
    screen.print(f"held-out accuracy: {accuracy:.2%} (at least {LEAST_ACCURACY:.0%} wanted)", highlight=False)
    screen.print(
        "look next:  generated/lstm.py  generated/lstm.derivation.md  generated/lstm.certificate.json"
    )
    screen.print("            .venv/bin/gradsmith derive lstm --format latex    docs/architecture.md")


def main() -> None:
    """Run the three parts; exit with 1 if the network did not learn."""
    console = Console(stderr=True)
    rows = generate(console)
    accuracy = train(console)
    report(rows, accuracy)
    sys.exit(0 if accuracy >= LEAST_ACCURACY else 1)


if __name__ == "__main__":
    main()
