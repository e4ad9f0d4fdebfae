"""Imports point down, and nothing but the loader runs text as code. Every check is seen to fail, too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("derive", "codegen", "generated")

# what each package may not import
ABOVE = {
    "derive": {"codegen", "generated"},
    "codegen": {"generated"},
    "generated": {"derive", "codegen", "sympy", "mpmath", "jinja2"},
}
# the console script looks for a `codegen` that is ours, and hands over to it
HANDS_OVER = {("derive.command", "codegen"), ("derive.command", "codegen.cli")}
# a spec is made of the language, of exact numbers, and of other specs
FOR_AUTHORS = {"derive.language", "derive.authoring.functions", "derive.ops", "fractions", "math", "types"}

RUNS_TEXT = {"eval", "exec", "sympify", "parse_expr"}
LOADER = "codegen.verify.load"


def modules(package: str) -> dict[str, str]:
    """Module names (of a package, with `__init__`) and texts; none where nothing is generated yet."""
    paths = sorted(p for p in (ROOT / package).rglob("*.py") if "__pycache__" not in p.parts)
    return {_name(path): path.read_text(encoding="utf-8") for path in paths}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports(module: str, text: str) -> list[str]:
    """What a module imports, anywhere in it: `from a import b` is a.b, and what importlib is given."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            found += [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            found += [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return found


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    base = module.split(".")[: -node.level]
    return ".".join([*base, *([node.module] if node.module else [])])


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def upward(package: str, texts: dict[str, str]) -> list[str]:
    """Imports of what stands above a package, or of what its published files must do without."""
    return [
        f"{module} imports {name}"
        for module, text in texts.items()
        for name in imports(module, text)
        if name.split(".")[0] in ABOVE[package] and (module, name) not in HANDS_OVER
    ]


def graph(texts: dict[str, str]) -> dict[str, set[str]]:
    """Which module imports which other one of the same package."""
    edges: dict[str, set[str]] = {}
    for module, text in texts.items():
        edges[module] = {_module(name, texts) for name in imports(module, text)} - {"", module}
    return edges


def _module(name: str, texts: dict[str, str]) -> str:
    """The module that an imported name is, or that it stands in."""
    parent = name.rpartition(".")[0]
    places = (name, f"{name}.__init__", parent, f"{parent}.__init__")
    return next((place for place in places if place in texts), "")


def cycles(edges: dict[str, set[str]]) -> list[str]:
    """Modules that reach themselves."""
    return sorted(module for module in edges if module in _reached(module, edges))


def _reached(module: str, edges: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [module]
    while todo:
        for other in edges.get(todo.pop(), set()) - found:
            found.add(other)
            todo.append(other)
    return found


def runs_text(texts: dict[str, str]) -> Iterator[str]:
    """Calls that run or simplify text or expressions behind our back."""
    for module, text in texts.items():
        for node in ast.walk(ast.parse(text)):
            name = _called(node) if isinstance(node, ast.Call) else ""
            loads = module == LOADER and name == "exec"
            is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if (name in RUNS_TEXT and not loads) or (name == "doit" and is_method):
                yield f"{module}:{getattr(node, 'lineno', 0)} calls {name}"


def beyond_language(texts: dict[str, str]) -> list[str]:
    """Specs that import more than an author does."""
    return [
        f"{module} imports {name}"
        for module, text in texts.items()
        for name in imports(module, text)
        if name != "__future__"
        and not any(name == known or name.startswith(f"{known}.") for known in FOR_AUTHORS)
    ]


# the sources -------------------------------------------------------------------------------------
@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_down(package: str) -> None:
    assert upward(package, modules(package)) == []


def test_the_modules_of_derive_form_no_circle() -> None:
    assert cycles(graph(modules("derive"))) == []


def test_specs_import_the_language_only() -> None:
    specs = {m: t for m, t in modules("derive").items() if m.startswith("derive.ops.")}
    assert specs
    assert beyond_language(specs) == []


def test_only_the_loader_runs_text() -> None:
    assert list(runs_text(modules("derive") | modules("codegen"))) == []
    assert LOADER in modules("codegen")


def test_published_modules_stand_on_what_they_may() -> None:
    allowed = {"numpy", "numba", "llvmlite", "scipy", "generated", "", *sys.stdlib_module_names}
    texts = modules("generated")
    found = {name.split(".")[0] for module, text in texts.items() for name in imports(module, text)}
    assert found <= allowed


# planted faults ------------------------------------------------------------------------------------
UPWARD = [
    ("derive", "import codegen"),
    ("derive", "from codegen.nodes import Plan"),
    ("derive", "def f():\n    from generated import lstm"),
    ("derive", "import importlib\nimportlib.import_module('codegen')"),
    ("codegen", "from generated import lstm"),
    ("generated", "from derive.algebra.expr import Expr"),
    ("generated", "import sympy as s"),
]


@pytest.mark.parametrize(("package", "text"), UPWARD)
def test_a_planted_upward_import_is_caught(package: str, text: str) -> None:
    texts = {**modules(package), f"{package}.planted": text}
    assert len(upward(package, texts)) == 1
    assert upward(package, texts)[0].startswith(f"{package}.planted imports ")


def test_a_planted_circle_is_caught() -> None:
    texts = modules("derive")
    texts["derive.errors"] += "\nfrom derive.algebra.system import System\n"
    found = cycles(graph(texts))
    assert "derive.errors" in found and "derive.algebra.system" in found


def test_a_circle_through_a_relative_import_is_caught() -> None:
    texts = {
        "p.a": "from . import b",
        "p.b": "def f():\n    from .a import g",
        "p.__init__": "from . import a",
    }
    assert cycles(graph(texts)) == ["p.a", "p.b"]
    texts["p.b"] = "import p"
    assert cycles(graph(texts)) == ["p.__init__", "p.a", "p.b"]


@pytest.mark.parametrize(
    "text", ["import numpy", "from derive.algebra.expr import Read", "from derive.algebra import expr"]
)
def test_a_spec_that_reaches_into_the_calculus_is_caught(text: str) -> None:
    assert len(beyond_language({"derive.ops.planted": text})) == 1


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "exec('x = 1')",
        "import builtins\nbuiltins.exec('x = 1')",
        "import sympy\nsympy.sympify('x')",
        "from sympy.parsing.sympy_parser import parse_expr\nparse_expr('x')",
        "import sympy\nsympy.Sum(1, ('i', 1, 2)).doit()",
    ],
)
def test_planted_text_that_runs_is_caught(text: str) -> None:
    assert len(list(runs_text({"derive.planted": text}))) == 1


def test_the_loader_may_exec_and_nothing_else() -> None:
    assert list(runs_text({LOADER: "exec('x = 1')"})) == []
    assert len(list(runs_text({LOADER: "eval('1')"}))) == 1
