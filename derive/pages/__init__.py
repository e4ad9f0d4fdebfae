"""Derivations as text, LaTeX, Markdown and HTML."""
