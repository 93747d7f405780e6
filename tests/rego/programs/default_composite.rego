package t.default_composite

default p := {"none": [null, false]}

p := x if some x in input.xs
