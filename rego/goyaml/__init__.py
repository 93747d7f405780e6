"""YAML as OPA reads and writes it: go-yaml 3 with the JSON rules of OPA around it.

PyYAML scans and parses (its libyaml is what go-yaml was ported from);
what its loader would make of the events is another language, though:
`yes` is a boolean there and a string here, and an alias costs nothing there.
Its emitter breaks long lines, indents lists and quotes otherwise. So these halves are here.
It knows nothing of builtins.

- `nodes`: events as a tree, and what a plain scalar means.
- `decoding`: a tree as a value, with go-yaml's bound on aliases.
- `emitting`: a value as text.
"""
