package t.template_expressions

p := $"{input.n + 1} and {upper(input.s)}"
q := $"{[x | some x in input.xs]} {{x | some x in input.xs}}"
r := $"\{literal} {input.xs[0]}"
