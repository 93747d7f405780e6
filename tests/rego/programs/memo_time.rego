package t.memo_time

_a := time.now_ns()
_b := x if x := time.now_ns() with input.a as 2
p := [_a == _b, time.now_ns() == _a]
