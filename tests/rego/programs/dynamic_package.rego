package t.dynamic_package

p := data.elsewhere[input.s].p
q := [x | some name in ["a", "b", "none"]; x := data.elsewhere[name].q]
r := data.elsewhere[input.s]
s := data.elsewhere
u := [[name, x] | x := data.elsewhere[name].p]
v := data.elsewhere.a[input.k]
