package t.numbers_keys

p := {input.n: "n", input.m: "m"}
q := {1: "one", 2.5: "half", "1": "text"}[input.n]
r := {input.n, 1, 1.5, 2} & {1.0, input.m}
s := {1.0: input.n}
