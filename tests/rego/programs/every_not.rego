package t.every_not

p if not every_small
every_small if every x in input.xs { x < 5 }
