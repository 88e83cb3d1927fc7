"""A Tiny Recursive Model against a language model, on sudokus of 4 x 4."""
