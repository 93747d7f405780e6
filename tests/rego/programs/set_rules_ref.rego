package t.set_rules_ref

s contains "a"
s contains input.s
p if s.a
q if s[input.s]
r := s.b
t := [x | s[x]]
