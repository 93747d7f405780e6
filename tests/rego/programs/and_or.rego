package t.and_or

import future.keywords.and
import future.keywords.or

p if input.a and input.b
q if input.a or input.b
r if input.n > 1 and input.m > 1 or input.s == "a"
s if (input.missing or input.a) and input.b

t contains x if {
	some x in input.xs
	x == 1 or x == "a"
}
