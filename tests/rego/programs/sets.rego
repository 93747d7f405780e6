package t.sets

p := {x | some x in input.xs} | {y | some y in input.ys}
q := {x | some x in input.xs} & {y | some y in input.ys}
r := {x | some x in input.xs} - {y | some y in input.ys}
s := count({x | some x in input.xs})
