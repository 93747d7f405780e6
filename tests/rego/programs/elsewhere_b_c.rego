package elsewhere.b.c

p := "deep"
