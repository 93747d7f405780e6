package t.with_every

ok(x) if x in input.ys
p if every x in input.xs { ok(x) with input.ys as input.xs }
