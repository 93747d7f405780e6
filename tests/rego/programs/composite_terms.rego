package t.composite_terms

p := {"list": [input.a, {"k": input.b}], input.k: {input.n, [input.m]}}
q := [{input.a: {input.b: [input.n]}}]
