"""These files import torch, which is a target of its own: without it they are not collected.

`python3.11 run.py torch` installs it; there, nothing collected would be an error.
"""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]
