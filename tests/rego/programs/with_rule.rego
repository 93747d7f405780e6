package t.with_rule

limit := 3
ok if input.n < limit
p := [1 | ok with data.t.with_rule.limit as input.m]
q := x if x := limit with limit as input.a
