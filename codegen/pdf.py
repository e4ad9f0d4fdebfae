"""LaTeX to PDF, through the TeX that is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path


class TypesettingError(ValueError):
    """There is no TeX, or it refused the page."""


def typeset(latex: str) -> bytes:
    """The document as PDF. Raises TypesettingError without a pdflatex, or with what it complained of."""
    program = shutil.which("pdflatex")
    if program is None:
        raise TypesettingError("there is no pdflatex on this machine: install a TeX, or use --format latex")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "page.tex").write_text(latex, "utf-8")
        command = (program, "-interaction=nonstopmode", "-halt-on-error", "page.tex")
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            first = next(
                (line for line in done.stdout.splitlines() if line.startswith("!")), "no reason given"
            )
            raise TypesettingError(f"pdflatex refused the page: {first}")
        return Path(folder, "page.pdf").read_bytes()
