package t.memo_uuid

_a := uuid.rfc4122("one")
_b := uuid.rfc4122("one")
_c := uuid.rfc4122("two")
_d := x if x := uuid.rfc4122("one") with input as {}
p := [_a == _b, _a == _c, _a == _d]
