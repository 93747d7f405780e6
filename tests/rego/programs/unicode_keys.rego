package t.unicode_keys

p := {x: 1 | some x in [input.s, input.t, "é", "z", "", "\u0000"]}
q := sort([input.s, input.t, "é", "e", "z", "Z", "😀", "\uFFFD"])
r := [k | some k, _ in p]
