package t.aggregates

p := [count(input.xs), sum(input.xs)]
q := [max(input.xs), min(input.xs)]
r := product(input.xs)
s := sum([x | some x in input.xs; is_number(x)])
