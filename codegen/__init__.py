"""From derivations to verified, published kernels."""

GRADSMITH = True  # the command stops if the `codegen` it imports is another package of this name
