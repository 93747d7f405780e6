package facts.rows_test

import data.facts.rows

test_gives[note] if {
	some note, value in {"text": "x", "list": ["x"], "empty": [], "null": null, "false": false, "zero": 0}
	rows.gives({"name": value}, "name")
}

test_gives_not if {
	not rows.gives({"other": 1}, "name")
	not rows.gives({}, "name")
	not rows.gives("text", "name")
	not rows.gives(null, "name")
}
