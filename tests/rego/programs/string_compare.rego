package t.string_compare

p := [input.s < input.t, input.s == input.t, input.s > "é", min({input.s, input.t})]
q := contains(input.s, input.t)
