"""Random well-formed systems, taken through every stage and compared with what shares no code with it."""
