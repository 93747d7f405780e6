package t.template

p := $"{input.a}"
q := $"n={input.n} s={input.s} missing={input.missing}!"
r := $"{input.xs} {input.o}"
