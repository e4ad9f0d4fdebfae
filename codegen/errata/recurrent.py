"""Recurrent layers over a sequence: lengths, directions, layers, and what each output depends on."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from codegen.errata.claim import Compared, Evaluate, Evidence, Observed, Readings, show
from codegen.errata.kernels import Array, Kernels
from codegen.errata.layers import dense

T, I, H = 5, 2, 3
DECODED = 4


def drawn(kernels: Kernels, op: str, **given: Array) -> dict[str, Array]:
    """Random inputs for an op with a batch of one, T steps, I inputs and H units, but for `given`.

    A decoder behind an encoder has DECODED steps; class numbers are 0, and other sizes 4.
    """
    sizes = {"T": T, "S": T, "B": 1, "I": I, "H": H, "O": H, "G": H, "M": H + I, "layer1_H": H}
    sizes |= {"encoder_H": H, "decoder_T": DECODED}
    rng = np.random.default_rng(4)
    made = {}
    for tensor in kernels.module(op).SPEC["inputs"]:
        shape = tuple(d if isinstance(d, int) else sizes.get(d, 4) for d in tensor["shape"])
        random = np.zeros(shape, np.int64) if tensor["integer"] else 0.7 * rng.normal(size=shape)
        made[tensor["name"]] = given.get(tensor["name"], random)
    return made


def last(kernels: Kernels, op: str, **given: Array) -> Array:
    """The hidden state behind the last step, on random inputs."""
    made: Array = kernels.forward(op, **drawn(kernels, op, **given)).h[-1, 0]
    return made


def at_the_end(kernels: Kernels, op: str, inputs: dict[str, Array]) -> Array:
    """A cotangent of the first output that is 1 at its last step."""
    chosen = np.zeros_like(kernels.forward(op, **inputs)[0])
    chosen[-1] = 1
    return chosen


def part(inputs: dict[str, Array], prefix: str) -> dict[str, Array]:
    """The inputs of one of the layers that an op is made of."""
    return {n.removeprefix(prefix): a for n, a in inputs.items() if n.startswith(prefix)}


def length_of(op: str, output: str) -> Evaluate:
    """How many vectors an op returns for T inputs."""
    return lambda kernels: len(getattr(kernels.forward(op, **drawn(kernels, op)), output))


# what depends on what -------------------------------------------------------------------------------------
def depends(kernels: Kernels, op: str, at: int, output: int = 0) -> list[int]:
    """The steps of the input on which an output at one step depends."""
    inputs = drawn(kernels, op)
    outputs = kernels.forward(op, **inputs)
    chosen = np.zeros_like(outputs[output])
    chosen[at] = 1
    found = kernels.gradients(op, {outputs._fields[output]: chosen}, **inputs).x
    return [t for t in range(T) if np.any(found[t])]


def sees_steps(op: str, at: int, steps: list[int], output: int = 0) -> Callable[[Kernels], Evidence]:
    """The steps that an output must depend on, no more and no fewer."""

    def evaluate(kernels: Kernels) -> Evidence:
        found = [t + 1 for t in depends(kernels, op, at - 1, output)]
        return Observed(found == steps, f"output {at} of {T} depends on inputs {show(np.array(found))}")

    return evaluate


def any_length(kernels: Kernels) -> Evidence:
    inputs = drawn(kernels, "rnn")
    lengths = [len(kernels.forward("rnn", **{**inputs, "x": np.zeros((n, 1, I))}).y) for n in (3, 7)]
    return Observed(lengths == [3, 7], "one set of parameters takes 3 and 7 steps, and gives 3 and 7 outputs")


def any_activation(kernels: Kernels) -> Evidence:
    ways = {
        "tanh, `recurrent_layer`": last(kernels, "recurrent_layer"),
        "sigmoid, `recurrent_layer_sigmoid`": last(kernels, "recurrent_layer_sigmoid"),
    }
    return Readings("ambiguous", ways, f"the last h of {T} steps")


def biases(kernels: Kernels) -> Evidence:
    """An RNN with its biases, and without: with biases of 0 it is the other."""
    inputs = drawn(kernels, "rnn")
    free = {n: a for n, a in inputs.items() if n not in "bc"}
    ways = {
        "with biases, `rnn`": kernels.forward("rnn", **inputs).y[-1, 0],
        "without, `rnn_bias_free`": kernels.forward("rnn_bias_free", **free).y[-1, 0],
    }
    return Readings("convention", ways, f"the last y of {T} steps")


def added_directions(kernels: Kernels) -> Evidence:
    """The sum is that of two layers by themselves, one on the reversed sequence."""
    inputs = drawn(kernels, "bidirectional_rnn")
    x = inputs["x"]
    ahead = kernels.forward("recurrent_layer", x=x, **part(inputs, "forward_")).h
    back = kernels.forward("recurrent_layer", x=x[::-1].copy(), **part(inputs, "backward_")).h[::-1]
    found = kernels.forward("bidirectional_rnn", **inputs).y
    return Compared(ahead + back, found, "two separate `recurrent_layer`s", "the same sums")


def joined_directions(kernels: Kernels) -> Evidence:
    ops = {"sum": "bidirectional_rnn", "concatenation": "bidirectional_rnn_concatenated"}
    ways = {name: kernels.forward(op, **drawn(kernels, op)).y.shape[-1] for name, op in ops.items()}
    return Readings("convention", ways, f"outputs of a step with {H} units each way")


def unrolled(kernels: Kernels) -> Evidence:
    """The loop, and as many fully connected layers as steps: states and the shared weights' gradient."""
    inputs = drawn(kernels, "recurrent_layer")
    W = np.concatenate((inputs["W_hh"], inputs["W_xh"]), 1)
    states = [inputs["h0"][0]]
    for x in inputs["x"][:, 0]:
        states.append(dense(kernels, np.concatenate((states[-1], x)), W, inputs["b_h"], "_tanh"))
    dh, dW = np.ones((1, H)), np.zeros((H, H))
    for before, x in zip(states[-2::-1], inputs["x"][::-1, 0], strict=True):
        given = {"x": np.concatenate((before, x))[None], "W": W, "b": inputs["b_h"]}
        found = kernels.gradients("dense_tanh", {"h": dh}, **given)
        dh, dW = found.x[:, :H].copy(), dW + found.W[:, :H]
    chosen = at_the_end(kernels, "recurrent_layer", inputs)
    looped = kernels.gradients("recurrent_layer", {"h": chosen}, **inputs).W_hh
    return Compared(dW, looped, f"`dense_tanh` {T} times and `recurrent_layer`", "the same gradient")


def one_step(kernels: Kernels) -> Evidence:
    """A sequence of one, from the state 0, is a fully connected layer."""
    inputs = drawn(kernels, "recurrent_layer", x=np.array([[[0.4, -0.9]]]), h0=np.zeros((1, H)))
    found = kernels.forward("recurrent_layer", **inputs).h[0, 0]
    layer = dense(kernels, inputs["x"][0, 0], inputs["W_xh"], inputs["b_h"], "_tanh")
    return Compared(layer, found, "`dense_tanh` and `recurrent_layer` with T = 1, h0 = 0", "the same outputs")


def fed(kernels: Kernels, source: str) -> Array:
    """The output of the last step, each step starting from the state or from the output before it."""
    inputs = drawn(kernels, "rnn")
    start, out = inputs["h0"], None
    for x in inputs["x"]:
        out = kernels.forward("rnn", **{**inputs, "x": x[None], "h0": start})
        start = getattr(out, source)[0].copy()
    made: Array = out.y[0, 0] if out is not None else start
    return made


def after_one_input(follow: str) -> Evaluate:
    """The last output where only the first step has an input of its own."""

    def evaluate(kernels: Kernels) -> Array:
        inputs = drawn(kernels, "rnn")
        x, start, y = inputs["x"][:1], inputs["h0"], np.zeros(0)
        for _ in range(T):
            out = kernels.forward("rnn", **{**inputs, "x": x, "h0": start})
            start, y = out.h[0].copy(), out.y[0, 0]
            own = out.y[:, :, :I].copy()  # three outputs, two inputs: the first two go back
            x = {"zeros": np.zeros_like(x), "repeated": x, "its own output": own}[follow]
        return y

    return evaluate


def drawn_arrows(kernels: Kernels) -> Evidence:
    """The second state with the arrow from the first one, and without, as in the drawing."""
    inputs = drawn(kernels, "rnn")
    alone = {**inputs, "x": inputs["x"][1:2], "h0": np.zeros((1, H))}
    ways = {
        "as drawn, without h₁": kernels.forward("rnn", **alone).h[0, 0],
        "as the formula, with h₁": kernels.forward("rnn", **inputs).h[1, 0],
    }
    return Readings("incomplete", ways, "h₂")


def stacks(kernels: Kernels) -> Evidence:
    """A deep RNN is a layer on the states of a layer."""
    inputs = drawn(kernels, "deep_rnn")
    first = kernels.forward("recurrent_layer", x=inputs["x"], **part(inputs, "layer1_")).h
    second = kernels.forward("recurrent_layer", x=first, **part(inputs, "layer2_")).h
    found = kernels.forward("deep_rnn", **inputs)
    return Compared((first, second), (found[0], found[1]), "`deep_rnn`, two layers", "the same states")


def cycles(kernels: Kernels, op: str, has: bool) -> Evidence:
    """Whether some equation of an op reads, through others, what it defines."""
    equations = [e.split(" = ", 1) for e in kernels.module(op).SPEC["equations"]]
    reads = {left.split("[")[0]: right for left, right in equations}
    own = [name for name, right in reads.items() if re.search(rf"\b{name}\[", right)]
    found = f"{', '.join(own)} of `{op}` reads itself one step earlier" if own else f"none of `{op}` does"
    return Observed(bool(own) == has, found)


def shapes(kernels: Kernels, op: str, *names: str) -> str:
    """The shapes that an op declares for some inputs, in its sizes' names."""
    declared = {t["name"]: "×".join(map(str, t["shape"])) for t in kernels.module(op).SPEC["inputs"]}
    return ", ".join(declared[name] for name in names)


def signature(kernels: Kernels, op: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Evidence:
    """The data that an op takes, beside its parameters, and what it returns."""
    spec = kernels.module(op).SPEC
    data = tuple(t["name"] for t in spec["inputs"] if "B" in t["shape"])
    made = tuple(t["name"] for t in spec["outputs"])
    said, found = (f"{', '.join(a)} → {', '.join(b)}" for a, b in ((inputs, outputs), (data, made)))
    return Compared(said, found, f"`{op}` takes data and returns")


def step_by_step(kernels: Kernels) -> Evidence:
    """A sequence at once, and one step at a time from the state that the step before left."""
    inputs = drawn(kernels, "rnn_bias_free")
    state, states = inputs["h0"], []
    for x in inputs["x"]:
        state = kernels.forward("rnn_bias_free", **{**inputs, "x": x[None], "h0": state}).h[0]
        states.append(state)
    whole = kernels.forward("rnn_bias_free", **inputs).h
    return Compared(
        np.array(states), whole, f"`rnn_bias_free`: {T} steps one by one, and at once", "the same states"
    )


def deep_gradient(kernels: Kernels) -> Evidence:
    """The gradient of a deep RNN along a random direction, beside a difference of its outputs."""
    inputs = drawn(kernels, "deep_rnn")
    name = kernels.forward("deep_rnn", **inputs)._fields[-1]
    along = np.random.default_rng(8).normal(size=inputs["x"].shape)
    top = np.ones_like(kernels.forward("deep_rnn", **inputs)[-1])
    slope = float(np.sum(kernels.gradients("deep_rnn", {name: top}, **inputs).x * along))
    value = [
        kernels.forward("deep_rnn", **{**inputs, "x": inputs["x"] + s * along})[-1].sum()
        for s in (1e-5, -1e-5)
    ]
    difference = float(value[0] - value[1]) / 2e-5
    how = f"`deep_rnn`: the gradient gives {show(slope)} along a direction, a difference {show(difference)}"
    return Observed(abs(slope - difference) < 1e-7 * abs(slope), how)
