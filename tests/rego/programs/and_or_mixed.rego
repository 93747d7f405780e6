package t.and_or_mixed

import future.keywords.and
import future.keywords.not
import future.keywords.or

p if not input.a or input.b
q if not (input.a and input.b)
r := [x | some x in input.xs; x > 1 and x < 5]
s if input.o[input.k] or input.missing.a.b
