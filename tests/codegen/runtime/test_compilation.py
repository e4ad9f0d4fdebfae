"""The cache on disk: what it notices, where it goes, and that it can do without. All in processes
of their own, on a copied package, as a user's process finds it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import codegen.runtime
from codegen.runtime import kernel

RUNTIME = Path(codegen.runtime.__file__).parent

MODULE = """
import numpy as np
from .runtime import gemm, kernel, relu, tanh


@kernel
def _forward(X, Y):
    gemm(Y, X, X, False, False, False)
    for i in range(Y.shape[0]):
        Y[i, 0] = relu(tanh(Y[i, 0]))


def forward(X):
    Y = np.empty_like(X)
    _forward(X, Y)
    return Y
"""

CALL = """
import warnings
import numpy as np
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from package import op, other
    value = op.forward(np.ones((2, 2)))[0, 0]
    other.forward(np.ones((2, 2)))
stats = op._forward.stats
print(value, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
print([str(w.message) for w in caught])
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name in ("op.py", "other.py"):
        (folder / name).write_text(MODULE)
    shutil.copytree(RUNTIME, folder / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def call(package: Path, name: str = "package", **environment: str) -> tuple[float, int, int, str]:
    """Value, cache hits, cache misses and warnings of one call in a fresh process, imported by a name."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "PYTHONPATH")
    }
    environment = {**inherited, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, "-c", CALL.replace("package", name)]
    done = subprocess.run(
        command,
        cwd=package.parents[name.count(".")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    numbers, warned = done.stdout.splitlines()
    value, hits, misses = numbers.split()
    return float(value), int(hits), int(misses), warned


def test_machine_code_is_kept_until_the_runtime_or_the_module_changes(package: Path) -> None:
    value = np.tanh(2.0)
    assert call(package) == (pytest.approx(value), 0, 1, "[]")
    assert call(package) == (pytest.approx(value), 1, 0, "[]")
    edit(package / "runtime" / "scalars.py", "choose(x <= _ZERO(x), _ZERO(x), x)", "_TWO(x) + x")
    assert call(package)[:3] == (pytest.approx(2 + value), 0, 1)
    edit(package / "op.py", "relu(tanh(Y[i, 0]))", "tanh(relu(Y[i, 0]))")
    assert call(package)[:3] == (pytest.approx(np.tanh(4.0)), 0, 1)


def test_a_folder_may_be_imported_under_two_names(package: Path) -> None:
    """Numba keeps the name of the module with the machine code: under another one it would not be found."""
    value, longer = pytest.approx(np.tanh(2.0)), f"{package.parent.name}.package"
    for name in ("package", longer):
        assert call(package, name) == (value, 0, 1, "[]")
    for name in ("package", longer):
        assert call(package, name) == (value, 1, 0, "[]")


def test_products_are_compiled_once_for_all_kernels(package: Path) -> None:
    """What kernels call is kept on disk as they are: a new kernel only finds it there."""
    assert call(package)[1:3] == (0, 1)
    shutil.rmtree(next((package / "__pycache__").glob("op-*")))
    shutil.rmtree(next((package / "__pycache__").glob("other-*")))
    (kept,) = (package / "runtime" / "__pycache__").glob("blas-*")
    before = {path: path.stat().st_mtime_ns for path in kept.rglob("*.nb*")}
    assert before and call(package)[1:3] == (0, 1)
    assert {path: path.stat().st_mtime_ns for path in kept.rglob("*.nb*")} == before


def edit(path: Path, old: str, new: str) -> None:
    """Replace text, leaving the file's times as they were."""
    times = path.stat()
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def block(path: Path) -> None:
    """Put a file where a folder is wanted: nothing can be written below, not even by root."""
    path.write_text("")


def test_the_next_folder_is_used_where_one_cannot_be_written(package: Path, tmp_path: Path) -> None:
    block(package / "__pycache__")
    cache = tmp_path / "cache"
    assert call(package, XDG_CACHE_HOME=str(cache))[1:] == (0, 1, "[]")
    assert call(package, XDG_CACHE_HOME=str(cache))[1:] == (1, 0, "[]")
    kept = {path.name.split("-")[0] for path in (cache / "gradsmith").iterdir()}
    assert kept == {"op", "other"}  # the runtime has a folder of its own, which can be written
    chosen = tmp_path / "chosen"
    assert call(package, NUMBA_CACHE_DIR=str(chosen))[1:] == (0, 1, "[]")
    assert len(list(chosen.iterdir())) == 3


def test_without_any_folder_it_runs_with_one_warning(package: Path, tmp_path: Path) -> None:
    block(package / "__pycache__")
    block(tmp_path / "file")
    value, hits, _, warned = call(package, HOME=str(tmp_path / "file"))
    assert value == pytest.approx(np.tanh(2.0)) and hits == 0
    assert warned.count("NUMBA_CACHE_DIR") == 1


def test_a_function_from_no_file_is_compiled_and_not_cached(
    recwarn: pytest.WarningsRecorder,
) -> None:
    names: dict = {"kernel": kernel}
    exec("@kernel\ndef twice(x):\n    return 2 * x\n", names)
    assert names["twice"](3.0) == 6
    assert not recwarn.list


@kernel
def _total(x):
    total = x[0] - x[0]
    for i in range(x.size):
        total += x[i]
    return total


@kernel
def _negated_sum(x, y):
    for i in range(x.size):
        y[i] = -(x[i] + y[i]) * x[i] / x[i]


def test_kernels_keep_nan_infinities_and_signs_of_zero() -> None:
    assert np.isnan(_total(np.array([1.0, np.nan, 2.0])))
    assert _total(np.array([1.0, np.inf, 2.0])) == np.inf
    assert np.isnan(_total(np.array([np.inf, -np.inf])))
    y = np.array([0.0, -1.0, np.nan, -np.inf])
    _negated_sum(np.ones(4), y)
    assert np.array_equal(y, [-1.0, -0.0, np.nan, np.inf], equal_nan=True)
    assert np.signbit(y[1])
    y = np.zeros(2)
    _negated_sum(np.zeros(2), y)
    assert np.isnan(y).all()
