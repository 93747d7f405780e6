package t.numbers_arithmetic

p := input.n + input.m
q := input.n - input.m
r := input.n * input.m
s := input.n / input.m
t := input.n % input.m
