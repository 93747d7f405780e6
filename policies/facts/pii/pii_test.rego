package facts.pii_test

import data.facts.pii

_house := {"pii": {
	"EMAIL_ADDRESS": {"action": "mask", "score": 0.6},
	"PERSON": {"action": "allow", "zones": ["onprem"]},
}}

_found(findings) := {"context": {"content": {"findings": findings}}}

test_switched_on_by_a_row if {
	pii.switched_on with data.regent as _house
	not pii.switched_on with data.regent as {"pii": {}}
	not pii.switched_on with data.regent as {}
}

test_switched_on_by_what_is_no_table[note] if {
	some note, table in {"null": null, "text": "off", "false": false, "list": []}
	pii.switched_on with data.regent as {"pii": table}
	not pii.sound with data.regent as {"pii": table}
}

test_known_where_the_content_was_searched if {
	pii.known with input as _found([])
	pii.known with input as _found([{"entity": "PERSON", "count": 1}])
}

test_unknown_otherwise[note] if {
	some note, question in {
		"empty": {},
		"no content": {"context": {}},
		"no findings": {"context": {"content": {"labels": []}}},
		"null": _found(null),
		"text": _found("none"),
		"no entity": _found([{}]),
	}
	not pii.known with input as question
}

test_found_is_what_counts if {
	question := _found([{"entity": "person"}, {"entity": "EMAIL_ADDRESS", "score": 0.1}, {"entity": "US_SSN"}])
	pii.found == {"PERSON": {"action": "allow", "zones": ["onprem"]}} with input as question with data.regent as _house
}

test_sound if {
	pii.sound with data.regent as _house
	pii.sound with data.regent as {"pii": {}}
}

test_unsound[note] if {
	some note, row in {
		"no action": {"score": 1},
		"unknown action": {"action": "encrypt"},
		"score of another type": {"action": "mask", "score": "1"},
		"no zones": {"action": "allow", "zones": []},
		"zones of another type": {"action": "allow", "zones": "onprem"},
		"a zone that is none": {"action": "allow", "zones": ["onprem", 7]},
		"zones that are null": {"action": "allow", "zones": null},
		"no row": null,
	}
	not pii.sound with data.regent as {"pii": {"PERSON": row}}
}
