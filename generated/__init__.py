"""Ops made by gradsmith: plain source, verified; do not edit."""
