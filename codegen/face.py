"""What the text of a module is made of: its names, signatures, shapes and docstrings."""

from __future__ import annotations

from codegen.apart import Renaming
from codegen.integers import Integers
from codegen.lower import Plan
from codegen.printer import printer_of
from derive.adjoint import differentiable
from derive.algebra.index import Affine
from derive.algebra.system import IntegerParameter, RealParameter, System, Tensor
from derive.authoring.spec import Spec
from derive.words import one_line


def shape(dims: tuple[Affine, ...]) -> str:
    """Dimensions as a tuple's text."""
    parts = [str(d) for d in dims]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def joined(names: tuple[str, ...] | list[str]) -> str:
    """Names or values as a tuple's text."""
    return f"({', '.join(names)},)" if len(names) == 1 else f"({', '.join(names)})"


def prose(text: str) -> str:
    """An author's words as they may stand in a docstring: on one line, and no end of it."""
    return one_line(text).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def beside(word: str, names: tuple[str, ...]) -> str:
    """A word of the text; its second name where an argument is called so (none begins with `_`)."""
    return f"_{word}" if word in names else word


class Face:
    """An op as its module shows it, from one plan.

    What a user sees is called as its author calls it: `forward` and its tensors. Inside of the functions
    everything is called as the kernels do: `inside` and `backward`, and the text's `name` of an author's.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.derivation = plan.derivation
        self.op = plan.derivation.op
        self.forward: System = plan.derivation.stable_forward
        self.inside: System = plan.forward_system
        self.backward: System = plan.backward_system
        self.spec: Spec = plan.derivation.spec
        self.printers = {
            "forward": printer_of(plan, "forward"),
            "backward": printer_of(plan, "backward"),
        }
        self.bodies = {name: printer.text() for name, printer in self.printers.items()}
        # of the author's equations, as the adjoint's are: exp(x)/exp(x) has a cotangent and no slope
        self.differentiable = differentiable(plan.derivation.forward)
        self.integers = Integers(plan, [e for p in self.printers.values() for e in p.computed])

    def name(self, author: str) -> str:
        """What the inside of a function calls what its author calls so."""
        return self.plan.called.get(author, author)

    def length(self, dim: Affine) -> Affine:
        """What the inside of a function calls a dimension."""
        return Renaming(self.plan.called).affine(dim)

    # shared ---------------------------------------------------------------------------------------
    def input_tensors(self) -> list[Tensor]:
        return [self.forward.tensor(n) for n in self.forward.inputs]

    def output_tensors(self) -> list[Tensor]:
        return [self.forward.tensor(n) for n in self.forward.outputs]

    def differentiable_outputs(self) -> tuple[str, ...]:
        """The outputs that depend on a floating input: those that have a cotangent."""
        return tuple(n for n in self.forward.outputs if n in self.differentiable)

    def cotangent_tensors(self) -> list[Tensor]:
        return [self.forward.tensor(n) for n in self.differentiable_outputs()]

    def gradient_names(self) -> tuple[str, ...]:
        return self.forward.floating_inputs()

    def arguments(self, kernel: str) -> str:
        return ", ".join(self.printers[kernel].arguments())

    def shape_text(self, tensor: Tensor) -> str:
        return shape(tensor.dims) if tensor.dims else "()"

    def computed_dims(self, tensor: Tensor) -> list[Affine]:
        """Its dimensions that are no size and no constant: an integer parameter, or such as 2*N + 1."""
        sizes = {s.name for s in self.forward.sizes}
        return [d for d in dict.fromkeys(tensor.dims) if not d.is_integer() and d.plain() not in sizes]

    def declaration(self, tensor: Tensor) -> str:
        shape = ", ".join(str(d) if d.is_integer() else repr(str(d)) for d in tensor.dims)
        comma = "," if len(tensor.dims) == 1 else ""
        integer = ", integer=True" if tensor.integer else ""
        return f'Tensor("{tensor.name}", ({shape}{comma}){integer})'.replace("'", '"')

    def numbers(self) -> tuple[IntegerParameter | RealParameter, ...]:
        return (*self.forward.integers, *self.forward.reals)

    def signature(self) -> list[str]:
        """Inputs, and keyword-only numbers with their defaults."""
        numbers = [f"{p.name}={p.default}" for p in self.numbers()]
        return [*self.forward.inputs, *(["*", *numbers] if numbers else [])]

    def run_signature(self) -> list[str]:
        """The same, of the function that is not the user's."""
        numbers = [f"{self.name(p.name)}={p.default}" for p in self.numbers()]
        return [*self.inside.inputs, *(["*", *numbers] if numbers else [])]

    def call(self) -> str:
        numbers = [f"{self.name(p.name)}={p.name}" for p in self.numbers()]
        return ", ".join([*self.forward.inputs, *numbers])

    def shapes_doc(self, tensors: list[Tensor]) -> str:
        return "; ".join(f"{t.name} {self.shape_text(t)}" for t in tensors)

    def legend(self) -> str:
        return ", ".join(f"{s.name} {prose(s.about)}" for s in self.forward.sizes if s.about)

    def doc(self) -> list[str]:
        lines = [f"Shapes:   {self.shapes_doc(self.input_tensors())}"]
        lines.append(f"Returns:  {self.shapes_doc(self.output_tensors())}")
        lines += [f"Sizes:    {self.legend()}"] if self.legend() else []
        lines += [
            f"Numbers:  {p.name} (default {p.default}){': ' + prose(p.about) if p.about else ''}"
            for p in self.numbers()
        ]
        lines.append("Dtypes:   float32 | float64, all the same; integer tensors any integer dtype")
        lines += self.integers.doc()
        errors = f"ShapeError, DtypeError, ArgumentError{self.integers.errors()}"
        lines.append(f"Raises:   {errors}, naming the argument")
        lines.append("Copies:   an input that is not C-contiguous; inputs are never changed")
        return lines

    def vjp_doc(self) -> list[str]:
        names = ", ".join(self.gradient_names())
        return [
            *self.doc(),
            f"wrt:      names of the inputs whose gradients are wanted; None for all of {names}",
        ]
