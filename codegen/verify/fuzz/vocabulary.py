"""What random systems are made of: sizes, indices, inputs and left sides, the plainest first."""

from __future__ import annotations

from codegen.verify.fuzz.program import Node, Part, Quoted

# the free sizes, then what follows from them; an index for each use that a size has
SIZES: tuple[tuple[str, Node], ...] = (
    ("N", Node("size", ("s", Quoted("N"), Quoted("n")))),
    ("M", Node("size", ("s", Quoted("M"), Quoted("m")))),
    ("P", Node("size", ("s", Quoted("P"), Quoted("p")))),
    ("T", Node("sequence", ("s", Quoted("T"), Quoted("t")))),
    ("stride", Node("integer", ("s", Quoted("stride"), 2, 1))),
    ("pad", Node("integer", ("s", Quoted("pad"), 1, 0))),
)
_PADDED = Node("-", (Node("+", ("N", Node("*", (2, "pad")))), "P"))
DERIVED: tuple[tuple[str, Node], ...] = (
    ("U", Node("derived", ("s", Quoted("U"), Quoted("u"), Node("+", (Node("//", (_PADDED, "stride")), 1))))),
    ("V", Node("derived", ("s", Quoted("V"), Quoted("v"), Node("+", (Node("*", (2, "N")), 1))))),
    ("F", Node("derived", ("s", Quoted("F"), Quoted("f"), Node("*", ("N", "M"))))),
    ("C", Node("derived", ("s", Quoted("C"), Quoted("c"), Node("-", (Node("+", ("N", "M")), 1))))),
)
INDICES = {  # index -> the size that it runs over
    "i": "N", "j": "M", "p": "P", "q": "N", "r": "M", "t": "T", "e": "T",
    "u": "U", "v": "V", "f": "F", "c": "C",
}  # fmt: skip
WINDOW = ("d", Node("index", ("s", Quoted("d"), 3, -2)))  # an index that begins below 0
INPUTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "x": ("data", ("N", "M")),
    "w": ("parameter", ("P",)),
    "a": ("data", ("N",)),
    "K": ("parameter", ("M", "P")),
    "g": ("parameter", ()),
    "label": ("labels", ("N",)),
    "xs": ("data", ("T", "M")),
    "W": ("parameter", ("M", "M")),
}
STEADY, SERIAL = ("x", "w", "a", "K", "g"), ("xs", "W", "x", "w", "g")  # what equations read

# left sides: the sizes of the tensor, the indices of the equation, and what stands in the brackets
_SPREAD = Node("+", (Node("*", (2, "i")), 1))
_FLAT = Node("+", (Node("*", ("i", "M")), "j"))
LEFT: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[Part, ...]], ...] = (
    (("N",), ("i",), ("i",)),
    (("N", "M"), ("i", "j"), ("i", "j")),
    (("U",), ("u",), ("u",)),
    ((), (), ()),
    (("M", "U"), ("j", "u"), ("j", "u")),
    (("V",), ("i",), (_SPREAD,)),
    (("F",), ("i", "j"), (_FLAT,)),
    (("C",), ("i", "j"), (Node("+", ("i", "j")),)),
    (("N", "N"), ("i",), ("i", "i")),
)
