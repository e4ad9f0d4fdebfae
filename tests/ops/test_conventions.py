"""What the ops' conventions say of themselves can be looked up."""

import re
from pathlib import Path

from codegen.catalogue import catalogue

ROOT = Path(__file__).resolve().parents[2]


def missing(conventions: list[str]) -> set[str]:
    """The tests that are named and not there."""
    named = set(re.findall(r"tests/\S+\.py", " ".join(conventions)))
    return {path for path in named if not (ROOT / path).is_file()}


def test_the_tests_that_conventions_name_are_there() -> None:
    said = [c for op in catalogue() for c in op.conventions]
    assert any("tests/ops/test_recurrent_relations.py" in c for c in said)
    assert not missing(said)
    assert missing(["equal to all else (proved in tests/ops/test_nothing.py)"])
