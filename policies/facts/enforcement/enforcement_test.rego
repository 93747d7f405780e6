package facts.enforcement_test

import data.facts.enforcement

test_the_data_loosens_a_rule[mode] if {
	some mode in ["off", "shadow", "warn"]
	enforcement.overridden == {"kill_all": mode} with data.regent as {"enforcement": {"kill_all": mode}}
}

test_other_words_count_as_enforce[note] if {
	some note, mode in {"enforce": "enforce", "case": "Warn", "typo": "wran", "null": null, "list": ["warn"]}
	enforcement.overridden == {} with data.regent as {"enforcement": {"kill_all": mode}}
}

test_absent_or_of_another_type_loosens_nothing[note] if {
	some note, table in {"absent": {}, "text": {"enforcement": "off"}, "null": {"enforcement": null}}
	enforcement.overridden == {} with data.regent as table
}

test_metadata_of_a_rule_loosens_it[note] if {
	some note, table in {"absent": {}, "empty": {"enforcement": {}}, "another": {"enforcement": {"b": "enforce"}}}
	enforcement.advises("a", "warn") with data.regent as table
	enforcement.advises("a", "shadow") with data.regent as table
}

test_metadata_cannot_turn_a_rule_off_and_unknown_words_enforce[mode] if {
	some mode in ["off", "enforce", "Warn", "", null]
	not enforcement.advises("a", mode) with data.regent as {}
}

test_the_data_has_the_last_word_over_metadata[mode] if {
	some mode in ["enforce", "wran", "off", "shadow"]
	not enforcement.advises("a", "warn") with data.regent as {"enforcement": {"a": mode}}
}
