"""From the adjoint to the gradients that textbooks print: substitution, exact cancellation, folding."""
