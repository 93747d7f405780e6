package t.numbers_text

p := sprintf("%v %d %s", [input.n, input.n, input.n])
q := format_int(input.n, 10)
r := json.marshal(input.n)
s := to_number(input.t)
