package t.indexing

p := "a" if input.a == "a"
p := "b" if input.a == "b"

p := "num" if {
	input.a == 1
	input.n == 1
}

p := "both" if {
	input.a == "c"
	input.b == "c"
}

default q := "none"

q := "in" if input.s in {"a", "b", "é"}
q := "glob" if glob.match("x*", [], input.s)
