package t.numbers_compare

p := [input.n < input.m, input.n <= input.m, input.n == input.m, input.n != input.m, input.n > input.m, input.n >= input.m]
q := {input.n, input.m}
r := sort([input.n, input.m, 1, 1.0, 0.1, 1e3, -0])
