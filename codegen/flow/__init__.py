"""How gradients flow back through time, measured on published kernels: `gradsmith flow`."""
