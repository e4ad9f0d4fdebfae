"""Files that are no specs, each as an author might leave one: a text, or bytes."""

HEAD = "from derive.language import *\nfrom derive.language import op\n\n\n"
GOOD = (
    HEAD
    + """@op(title="squares", source="test")
def squares(s):
    N = s.size("N", "n")
    n = s.index("n", N)
    x, y = s.data("x", N), s.let("y", N)
    y[n] = x[n] * x[n]
    s.returns(y)
"""
)


def inside(line: str) -> str:
    """The good spec with a line in front of its equation."""
    return GOOD.replace("    y[n] =", f"    {line}\n    y[n] =")


FILES: dict[str, str | bytes] = {
    "empty": "",
    "binary": bytes(range(256)),
    "nul": "x = 1\0",
    "not utf-8": b"# \xff\xfe\nx = 1\n",
    "unfinished": "def f(:\n",
    "indented": "  x = 1\n y = 2\n",
    "open bracket": "x = (\n",
    "no op": "x = 1\n",
    "a list of ops": "ops = ['dense']\n",
    "missing module": "import no_such_module_at_all\n",
    "missing name": "from derive.language import no_such_name\n",
    "own exception": "class Mine(Exception):\n    pass\n\n\nraise Mine('a\\nb \\x1b[31m')\n",
    "exception without text": "class Mine(Exception):\n    pass\n\n\nraise Mine\n",
    "exception that cannot be printed": "class E(Exception):\n    def __str__(self): raise E\n\n\nraise E\n",
    "exits": "import sys\nsys.exit(0)\n",
    "exits with words": "raise SystemExit('enough')\n",
    "a base exception": "class Mine(BaseException):\n    pass\n\n\nraise Mine('no')\n",
    "no end": "def f():\n    return f()\n\n\nf()\n",
    "divides": "x = 1 / 0\n",
    "asserts": "assert False, 'never'\n",
    "memory": "raise MemoryError\n",
    "generator": "raise GeneratorExit\n",
    "hostile value": HEAD
    + "class H:\n    @property\n    def __class__(self): raise ValueError('no class')\n\n\nh = H()\n",
    "decorated class": HEAD + "@op(title='t', source='s')\nclass C:\n    pass\n",
    "decorated number": HEAD + "f = op(title='t', source='s')(3)\n",
    "decorator without brackets": HEAD + "@op\ndef f(s):\n    pass\n",
    "title missing": HEAD + "@op(source='s')\ndef f(s):\n    pass\n",
    "title of dots": HEAD + "@op(title=..., source='s')\ndef f(s):\n    pass\n",
    "title with an escape": HEAD + "@op(title='\\x1b[31m', source='s')\ndef f(s):\n    pass\n",
    "title with half a character": HEAD + "@op(title='\\ud800', source='s')\ndef f(s):\n    pass\n",
    "number among conventions": HEAD + "@op(title='t', source='s', conventions=(3,))\ndef f(s):\n    pass\n",
    "conventions without a comma": HEAD
    + "@op(title='t', source='s', conventions=('a'))\ndef f(s):\n    pass\n",
    "choice of nothing": HEAD
    + "@op(title='t', source='s', activation=())\ndef f(s, activation):\n    pass\n",
    "choice of words": HEAD + "@op(title='t', source='s', mode=('a', 'b'))\ndef f(s, mode):\n    pass\n",
    "long name": HEAD + f"@op(title='t', source='s')\ndef {'f' * 300}(s):\n    pass\n",
    "named runtime": GOOD.replace("def squares", "def runtime"),
    "same name twice": GOOD + "again = squares\n\n\n" + GOOD.removeprefix(HEAD),
    "no arguments": GOOD.replace("def squares(s)", "def squares()"),
    "two arguments": GOOD.replace("def squares(s)", "def squares(s, t)"),
    "raises": inside("raise RuntimeError('mine')"),
    "raises a number": inside("raise 3"),
    "raises inside": inside("raise Exception"),
    "exits inside": inside("import sys; sys.exit(3)"),
    "interrupted import": inside("import no_such_module_at_all"),
    "recursion inside": inside("f = lambda: f(); f()"),
    "sum of a tensor": inside("sum(x)"),
    "list of a tensor": inside("list(x)"),
    "in a tensor": inside("1 in x"),
    "math": inside("import math; math.exp(x[n])"),
    "numpy": inside("import numpy; numpy.exp(x)"),
    "huge power": GOOD.replace("x[n] * x[n]", "x[n]**100000"),
    "endless doubling": inside(
        "e = x[n]\n    for _ in range(90): e = e * e\n    z = s.let('z', N); z[n] = e"
    ),
    "nested too deep": inside(
        "e = x[n]\n    for _ in range(5000): e = exp(e)\n    z = s.let('z', N); z[n] = e"
    ),
    "None as a shape": inside("s.let('z', None)"),
    "open LaTeX": inside("s.let('z', N, latex='\\\\frac{')"),
    "about dots": inside("s.let('z', N, about=...)"),
    "axis of an index": inside("s.parameter('z', n)"),
    "axis of length -1": inside("s.parameter('z', -1)"),
    "huge axis": inside("s.parameter('z', 10**30)"),
    "huge fraction": GOOD.replace("x[n] * x[n]", "__import__('fractions').Fraction(10**5000, 7) * x[n]"),
    "same index twice": GOOD.replace("x[n] * x[n]", "x[n] * total((s.index('m', N),) * 2, 1)"),
    "formula by 0": inside("s.size('M', 'm', formula=N // 0)"),
    "unknown keyword": inside("s.let('z', N, colour='red')"),
    "attribute": inside("s.dat('z')"),
    "unpacked": inside("a, b, c = s.pack('U', 'f i', N)"),
    "nothing returned": GOOD.replace("    s.returns(y)\n", ""),
    "default of words": inside("s.integer('stride', 'two')"),
    "default of nan": inside("s.real('a', float('nan'))"),
    "keyword as a name": inside("s.let('lambda', N)"),
    "deleted": inside("del x[n]"),
    "called": inside("x(n)"),
    "surrogate as a name": inside("s.let('\\ud800', N)"),
    "guard as a number": GOOD.replace("x[n] * x[n]", "x[n] * between(n, 0, N)"),
}
