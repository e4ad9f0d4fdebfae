"""JAX in double precision, on the processor; the parts that compile share what is compiled."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the tests run in as many processes as there are cores
os.environ.setdefault("JAX_ENABLE_X64", "true")
