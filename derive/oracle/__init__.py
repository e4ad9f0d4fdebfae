"""The slow oracle: number types and evaluation straight from the equations."""
