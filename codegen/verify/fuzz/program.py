"""A spec as a tree of words: it can be built through the public language, and written down as its text.

One table says for each word what it means and how it is written; so a system that fails is printed as a
file that gives the very same system.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from derive import language
from derive.language import OpSpec, Spec, op

NAME = "random_system"
FUNCTIONS = (
    "tanh", "exp", "sigmoid", "relu", "softplus", "sin", "cos", "absolute", "expm1", "normal_cdf",
    "relu_right", "log", "sqrt", "log1p", "normal_pdf",
)  # fmt: skip
RELATIONS = {"greater": ">", "less": "<", "at_least": ">=", "at_most": "<="}
HEAD = f"""@op(title="a random system", source="the fuzzer")
def {NAME}(s):
"""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A string that stands in the text as a string; a plain one is a name."""

    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """A word of `WORDS` with its parts: nodes, names, integers, or tuples of these."""

    word: str
    parts: tuple[Part, ...]


Part = Node | Quoted | str | int | tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Word:
    """What a word means, and how it is written with its parts put in the place of {}."""

    meaning: Callable[..., Any]
    written: str


def _where(relation: str) -> Word:
    def meaning(a: Any, b: Any, then: Any, otherwise: Any) -> Any:
        return language.where(a, relation, b, then, otherwise)

    return Word(meaning, f'where({{}}, "{relation}", {{}}, {{}}, {{}})')


WORDS: dict[str, Word] = {
    # declarations: the first part is the spec
    "size": Word(Spec.size, "{}.size({}, {})"),
    "derived": Word(lambda s, n, l, f: s.size(n, l, formula=f), "{}.size({}, {}, formula={})"),
    "sequence": Word(Spec.sequence, "{}.sequence({}, {})"),
    "integer": Word(lambda s, n, d, least: s.integer(n, d, least=least), "{}.integer({}, {}, least={})"),
    "real": Word(lambda s, n, p, q: s.real(n, p / q), "{}.real({}, {} / {})"),
    "index": Word(Spec.index, "{}.index({}, {}, {})"),
    "data": Word(lambda s, n, dims: s.data(n, *dims), "{}.data({}, *{})"),
    "labels": Word(
        lambda s, n, dims: s.data(n, *dims, integer=True, outside="zero"),
        "{}.data({}, *{}, integer=True, outside='zero')",
    ),
    "parameter": Word(lambda s, n, dims: s.parameter(n, *dims), "{}.parameter({}, *{})"),
    "let": Word(lambda s, n, dims: s.let(n, *dims), "{}.let({}, *{})"),
    # expressions and places
    "read": Word(lambda tensor, at: tensor[at], "{}[{}]"),
    "+": Word(operator.add, "({} + {})"),
    "-": Word(operator.sub, "({} - {})"),
    "*": Word(operator.mul, "({} * {})"),
    "/": Word(operator.truediv, "({} / {})"),
    "//": Word(operator.floordiv, "({} // {})"),
    "**": Word(operator.pow, "{} ** {}"),
    "negative": Word(operator.neg, "(-{})"),
    "total": Word(language.total, "total({}, {}, {})"),
    "largest": Word(language.largest, "largest({}, {}, {})"),
    "between": Word(language.between, "between({}, {}, {})"),
    "equal": Word(language.equal, "equal({}, {})"),
    "inside": Word(language.inside, "inside({}, {}, {})"),
    "delta": Word(language.delta, "delta({}, {})"),
    **{name: Word(getattr(language, name), name + "({})") for name in FUNCTIONS},
    **{name: _where(relation) for name, relation in RELATIONS.items()},
}


@dataclass(frozen=True, slots=True)
class Program:
    """The body of a spec: declarations by name, equations by left and right side, and what it returns."""

    declarations: tuple[tuple[str, Node], ...]
    equations: tuple[tuple[Node, Part], ...]
    outputs: tuple[str, ...]

    def op(self) -> OpSpec:
        """The program as an op, through the language that authors use."""

        def random_system(s: Spec) -> None:
            names: dict[str, Any] = {"s": s}
            for name, node in self.declarations:
                names[name] = meaning(node, names)
            for left, right in self.equations:
                tensor, at = left.parts
                meaning(tensor, names)[meaning(at, names)] = meaning(right, names)
            s.returns(*(names[name] for name in self.outputs))

        (made,) = op(title="a random system", source="the fuzzer")(random_system)
        return made

    def __str__(self) -> str:
        """The text of a spec's file."""
        lines = [f"{name} = {written(node)}" for name, node in self.declarations]
        lines += [f"{written(left)} = {written(right)}" for left, right in self.equations]
        lines.append(f"s.returns({', '.join(self.outputs)})")
        used = {n.word for n in self.nodes()}
        used = {"where" if word in RELATIONS else word for word in used}
        imports = ", ".join(sorted({"op", *(used & set(language.__all__) - {"op"})}))
        body = "".join(f"    {line}\n" for line in lines)
        return f"from derive.language import {imports}\n\n\n{HEAD}{body}"

    def nodes(self) -> Iterator[Node]:
        """Every node, of declarations and equations."""
        for _, node in self.declarations:
            yield from nodes(node)
        for left, right in self.equations:
            yield from nodes(left)
            yield from nodes(right)


def nodes(part: Part) -> Iterator[Node]:
    """The nodes of a part, itself included."""
    if isinstance(part, Node):
        yield part
    for inner in part.parts if isinstance(part, Node) else part if isinstance(part, tuple) else ():
        yield from nodes(inner)


def names_in(part: Part) -> set[str]:
    """The names that a part mentions."""
    parts = (part,) if not isinstance(part, (Node, tuple)) else part.parts if isinstance(part, Node) else part
    plain = {p for p in parts if isinstance(p, str)}
    return plain.union(*(names_in(p) for p in parts if isinstance(p, (Node, tuple))))


def meaning(part: Part, names: Mapping[str, Any]) -> Any:
    """What a part is, in the language, where the names stand for these."""
    match part:
        case Node(word, parts):
            return WORDS[word].meaning(*(meaning(p, names) for p in parts))
        case Quoted(text):
            return text
        case tuple():
            return tuple(meaning(p, names) for p in part)
        case str():
            return names[part]
    return part


def written(part: Part) -> str:
    """A part as an author writes it."""
    match part:
        case Node("read", (tensor, tuple() as at)):
            return f"{written(tensor)}[{', '.join(map(written, at)) or ':'}]"
        case Node(word, parts):
            return WORDS[word].written.format(*map(written, parts))
        case Quoted(text):
            return f'"{text}"'
        case tuple():
            inner = "".join(f"{written(p)}, " for p in part)
            return f"({inner.rstrip() if len(part) == 1 else inner.rstrip(', ')})"
    return str(part)
