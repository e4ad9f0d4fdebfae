"""The committed coefficients are those that bench/coefficients.py derives."""

import subprocess
import sys
from pathlib import Path

from codegen.runtime import coefficients

ROOT = Path(__file__).parents[3]


def test_the_committed_file_is_what_the_script_prints() -> None:
    script = ROOT / "bench" / "coefficients.py"
    printed = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    assert printed == Path(coefficients.__file__).read_text()
