"""The rungs of proof: each compares a candidate kernel with an oracle that shares nothing with it."""
