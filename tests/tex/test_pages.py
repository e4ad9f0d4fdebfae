"""Pages through a real TeX: no error, and nothing runs off the page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from codegen.catalogue import catalogue
from derive.authoring.spec import OpSpec
from derive.pages.page import NOTATIONS, render
from tests.derive.derived import derived

pytestmark = pytest.mark.tex

ALLOWED = 5.0
"""Points by which a line may be too wide before anyone sees it."""


def compiled(text: str, folder: Path) -> str:
    """The log of pdflatex on this document."""
    if shutil.which("pdflatex") is None:
        pytest.fail("install a TeX: apt-get install texlive-latex-recommended texlive-latex-extra")
    (folder / "page.tex").write_text(text)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    log = (folder / "page.log").read_text(errors="replace")
    assert done.returncode == 0, "\n".join(re.findall(r"^!.*(?:\n.*){2}", log, re.MULTILINE)) or done.stdout
    return log


def overfull(log: str) -> list[str]:
    """The boxes that are too wide for anyone to overlook."""
    boxes = re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\).*", log)
    return [f"{points}pt" for points in boxes if float(points) > ALLOWED]


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("op", catalogue(), ids=lambda op: op.name)
def test_the_page_of_every_op_compiles_and_stays_on_the_page(
    op: OpSpec, notation: str, tmp_path: Path
) -> None:
    log = compiled(render(derived(op), "latex", notation), tmp_path)
    assert not overfull(log)
    assert "Undefined control sequence" not in log and "Missing" not in log


def test_a_line_that_runs_off_the_page_is_noticed(tmp_path: Path) -> None:
    wide = r"\documentclass{article}\begin{document}\noindent\rule{30cm}{1pt}\end{document}"
    assert overfull(compiled(wide, tmp_path))
