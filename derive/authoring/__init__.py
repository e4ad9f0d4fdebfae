"""From what an author writes to a system: the spec, its sugar, packs, batches, composition."""
