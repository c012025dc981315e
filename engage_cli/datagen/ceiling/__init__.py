"""The best that any model could predict from what can be observed, computed from the generator's parameters.

A customer of `model.py` is a hidden Markov model whose traits are hidden too. Read in this order:
`sample` (who is looked at, and what of them is observed), `prior` (a grid over the hidden traits, weighted
by the attributes), `evidence` (what a week's activity says of them), `filter` (forward over the weeks),
`best` (look ahead from what is known at a cut-off), `files` (what goes into the truth bucket).
"""
