"""From the equations of a network to their gradients, symbolically."""
