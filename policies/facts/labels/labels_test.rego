package facts.labels_test

import data.facts.labels

_house := {"teams": {"hr": {"labels": ["HR"]}, "broken": {"labels": "hr"}}, "teamless": {"labels": []}}

_call(properties, content) := {"subject": {"properties": properties}, "context": {"content": content}}

test_labels_of_team_and_declared_ones_unite if {
	labels.known == {"hr", "draft"} with input as _call({"team": "hr"}, {"labels": ["Draft"]}) with data.regent as _house
}

test_declaring_nothing_takes_nothing_away if {
	labels.known == {"hr"} with input as _call({"team": "hr"}, {"labels": []}) with data.regent as _house
}

test_content_absent_is_unknown if {
	not labels.known with input as {"subject": {"properties": {"team": "hr"}}} with data.regent as _house
	not labels.known with input as _call({"team": "hr"}, {}) with data.regent as _house
}

test_labels_of_another_type_are_unknown if {
	not labels.known with input as _call({"team": "hr"}, {"labels": "draft"}) with data.regent as _house
	not labels.known with input as _call({"team": "broken"}, {"labels": []}) with data.regent as _house
}

test_team_unknown_is_unknown if {
	not labels.known with input as _call({"team": "h-r"}, {"labels": []}) with data.regent as _house
	not labels.known with input as _call({}, {"labels": []}) with data.regent as {"teams": {}}
}
