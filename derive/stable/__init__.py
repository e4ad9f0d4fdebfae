"""The same functions without overflow: rescaling, and a table of proved rewrites."""
