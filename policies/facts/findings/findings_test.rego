package facts.findings_test

import data.facts.findings

_table := {
	"EMAIL_ADDRESS": {"action": "mask", "score": 0.6},
	"IBAN_CODE": {"action": "block"},
}

_default := object.union(_table, {"*": {"action": "redact", "score": 0.9}})

test_known[note] if {
	some note, found in {
		"nothing": [],
		"with a score": [{"entity": "PERSON", "count": 1, "score": 0.4, "in": ["user"]}],
		"without one": [{"entity": "PERSON"}],
	}
	findings.known(found)
}

test_unknown[note] if {
	some note, found in {
		"null": null,
		"text": "none",
		"object": {"PERSON": 1},
		"a text": ["PERSON"],
		"null among them": [{"entity": "PERSON"}, null],
		"no entity": [{"score": 1}],
		"entity of another type": [{"entity": ["PERSON"]}],
		"score of another type": [{"entity": "PERSON", "score": "high"}],
		"score that is null": [{"entity": "PERSON", "score": null}],
		"score below all": [{"entity": "PERSON", "score": -1}],
		"score above all": [{"entity": "PERSON", "score": 80}],
	}
	not findings.known(found)
}

test_counting[note] if {
	some note, [found, entities] in {
		"nothing": [[], set()],
		"at the score": [[{"entity": "EMAIL_ADDRESS", "score": 0.6}], {"EMAIL_ADDRESS"}],
		"below it": [[{"entity": "EMAIL_ADDRESS", "score": 0.59}], set()],
		"one of two": [
			[{"entity": "EMAIL_ADDRESS", "score": 0.1}, {"entity": "EMAIL_ADDRESS", "score": 0.9}],
			{"EMAIL_ADDRESS"},
		],
		"a row without a score": [[{"entity": "IBAN_CODE", "score": 0}], {"IBAN_CODE"}],
		"a finding without a score": [[{"entity": "EMAIL_ADDRESS"}], {"EMAIL_ADDRESS"}],
		"any case": [[{"entity": "iban_Code"}], {"IBAN_CODE"}],
		"no row": [[{"entity": "PERSON", "score": 1}], set()],
		"a name that looks like the default": [[{"entity": "*"}], set()],
	}
	findings.counting(found, _table) == {entity: row | some entity, row in _table; entity in entities}
}

test_counting_with_a_row_for_the_others[note] if {
	some note, [found, counting] in {
		"no row of its own": [[{"entity": "Person", "score": 0.9}], {"PERSON": {"action": "redact", "score": 0.9}}],
		"no row and below the score": [[{"entity": "PERSON", "score": 0.8}], {}],
		"a row of its own": [[{"entity": "IBAN_CODE", "score": 0.1}], {"IBAN_CODE": {"action": "block"}}],
		"below its own row's score": [[{"entity": "EMAIL_ADDRESS", "score": 0.5}], {}],
	}
	findings.counting(found, _default) == counting
}

test_sound[note] if {
	some note, row in {"with a score": {"action": "mask", "score": 0.5}, "without one": {"action": "block"}}
	findings.sound(row, {"mask", "block"})
}

test_unsound[note] if {
	some note, row in {
		"null": null,
		"text": "mask",
		"no action": {"score": 0.5},
		"another action": {"action": "delete"},
		"action in another case": {"action": "Mask"},
		"action of another type": {"action": ["mask"]},
		"score of another type": {"action": "mask", "score": "0.5"},
		"score that is null": {"action": "mask", "score": null},
		"score above all": {"action": "mask", "score": 80},
	}
	not findings.sound(row, {"mask", "block"})
}
