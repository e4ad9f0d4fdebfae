"""The documents' examples, formulas and statements as claims, each with the computation that judges it."""
