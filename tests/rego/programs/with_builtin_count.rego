package t.with_builtin_count

ok if count(input.xs) > 2
p if ok with count as 5
q := x if x := sum(input.xs) with sum as max
