package t.every_undefined_domain

p if every x in input.missing.path { x == 1 }
q if every x in input.a { x == 1 }
