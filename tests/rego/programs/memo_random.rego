package t.memo_random

f(x) := rand.intn("k", 1000000) + x
_a := rand.intn("k", 1000000)
_b := rand.intn("k", 1000000)
p := [_a == _b, f(1) == f(1), (f(1) - _a) == 1]
