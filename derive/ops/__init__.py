"""One file an op: the equations of the catalogue, as their documents print them."""
