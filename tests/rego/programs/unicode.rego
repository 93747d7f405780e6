package t.unicode

p := [upper(input.s), lower(input.s), count(input.s), strings.reverse(input.s)]
q := sprintf("%s|%v|%q", [input.s, [input.s], input.s])
r := "é\u00e9\t\"\\ ☃" == input.s
s := concat("\n", [input.s, `raw\n`, "\u2028<&>"])
t := json.marshal({input.s: input.t})
