package facts.reply_pii_test

import data.facts.reply_pii

_house := {"reply_pii": {"IBAN_CODE": {"action": "mask", "score": 0.5}, "US_SSN": {"action": "block"}}}

_found(findings) := {"context": {"reply": {"findings": findings}}}

test_switched_on_by_a_row if {
	reply_pii.switched_on with data.regent as _house
	not reply_pii.switched_on with data.regent as {"reply_pii": {}}
	not reply_pii.switched_on with data.regent as {}
}

test_switched_on_by_what_is_no_table[note] if {
	some note, table in {"null": null, "text": "off", "list": []}
	reply_pii.switched_on with data.regent as {"reply_pii": table}
	not reply_pii.sound with data.regent as {"reply_pii": table}
}

test_known_where_the_reply_was_searched if {
	reply_pii.known with input as _found([])
	not reply_pii.known with input as {}
	not reply_pii.known with input as _found("none")
	not reply_pii.known with input as {"context": {"content": {"findings": []}}}
}

test_found_is_what_counts if {
	question := _found([{"entity": "us_ssn"}, {"entity": "IBAN_CODE", "score": 0.1}, {"entity": "PERSON"}])
	reply_pii.found == {"US_SSN": {"action": "block"}} with input as question with data.regent as _house
}

test_sound[note] if {
	some note, row in {"mask": {"action": "mask"}, "block": {"action": "block", "score": 1}}
	reply_pii.sound with data.regent as {"reply_pii": {"PERSON": row}}
}

test_unsound[note] if {
	some note, row in {"no action": {}, "hash": {"action": "hash"}, "score": {"action": "mask", "score": 2}, "null": null}
	not reply_pii.sound with data.regent as {"reply_pii": {"PERSON": row}}
}
