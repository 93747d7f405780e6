package t.not_future_block

import future.keywords.not

p if not {
	some x in input.xs
	x == input.a
}

q if not { input.a; input.b }
