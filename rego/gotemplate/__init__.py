"""Go's `text/template`, as far as a policy's templates reach: all of its language, on JSON values.

Rego values have no methods and no functions, and OPA adds none: what is left is here.
It knows nothing of builtins.

- `lexing`: a template's text as tokens.
- `constants`: what a number or a string among them means.
- `parsing`: tokens as a `tree`; what is wrong with a template shows here.
- `executing`: a tree and data as text, within bounds.
- `functions`: `eq`, `index`, `len`, `print` and the others.
- `printing`: values as Go's `fmt` prints them.
"""
