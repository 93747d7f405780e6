package t.every_array

p if every x in input.xs { x in input.ys }
q if every i, x in input.xs { i != x }
