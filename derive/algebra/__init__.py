"""Systems of index equations: index arithmetic, expressions, domains, rules."""
