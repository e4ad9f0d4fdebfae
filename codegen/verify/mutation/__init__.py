"""Mistakes planted in the text of a kernel, and why some of them change nothing: the parts of rung 11."""
