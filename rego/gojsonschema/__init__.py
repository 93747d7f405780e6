"""JSON Schema as OPA validates it: drafts 4, 6 and 7 in the manner and the words of gojsonschema.

No library of Python's would do: what counts as a schema (`{"minimum": true}` isn't, `{"$schema": "?"}` is),
which of several branches a failure is explained by, what an unknown reference stands for,
which texts a format admits and the errors' words are gojsonschema's alone,
and a policy reads all of these. It knows nothing of builtins.

- `references`: where a `$ref` leads; never outside.
- `compiling`: a document as a schema, or why it is none.
- `validating`: a document against a schema.
- `formats`, `addresses`: what `format` admits.
- `wording`: numbers and values within messages.
"""
