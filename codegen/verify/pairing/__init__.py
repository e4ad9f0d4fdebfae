"""Whether two sums over index space are equal at all sizes: the trusted part of rung 1."""
