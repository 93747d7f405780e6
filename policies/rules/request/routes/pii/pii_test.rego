package rules.request.routes.pii_test

import data.rules.request.routes.pii

_house := {"pii": {
	"PERSON": {"action": "allow", "score": 0.5, "zones": ["onprem", "eu-cloud"]},
	"US_SSN": {"action": "hash", "zones": ["onprem"]},
	"LOCATION": {"action": "allow", "zones": ["cloud"]},
	"EMAIL_ADDRESS": {"action": "mask"},
}}

_cloud := {"id": "echo-cloud", "zone": "cloud"}

_europe := {"id": "echo-europe", "zone": "eu-cloud"}

_onprem := {"id": "echo-onprem", "zone": "onprem"}

_call(names, deployments) := {
	"resource": {"properties": {"deployments": deployments}},
	"context": {"content": {"findings": [{"entity": name, "count": 1, "score": 0.9} | some name in names]}},
}

_everywhere := [_cloud, _europe, _onprem]

_no_zone := {
	"id": "pii.no_zone",
	"user": "The call contains personal data, and no deployment that may process it serves this model.",
	"admin": "The rows of regent.pii for what was found name zones, and none of the model's deployments lies in all.",
	"controls": ["GDPR-25", "GDPR-44"],
}

test_permits[note] if {
	some note, [names, permitted] in {
		"nothing found": [[], {"echo-cloud", "echo-europe", "echo-onprem"}],
		"no zones": [["EMAIL_ADDRESS", "NRP"], {"echo-cloud", "echo-europe", "echo-onprem"}],
		"zones of one": [["PERSON"], {"echo-europe", "echo-onprem"}],
		"in any case": [["person"], {"echo-europe", "echo-onprem"}],
		"zones of two": [["PERSON", "US_SSN"], {"echo-onprem"}],
	}
	pii.permitted == permitted with input as _call(names, _everywhere) with data.regent as _house
	pii.deny == set() with input as _call(names, _everywhere) with data.regent as _house
}

test_permits_everywhere_below_the_score if {
	question := json.patch(_call(["PERSON"], [_cloud]), [{
		"op": "replace",
		"path": "context/content/findings/0/score",
		"value": 0.4,
	}])
	pii.permitted == {"echo-cloud"} with input as question with data.regent as _house
}

test_denies_when_nothing_remains[note] if {
	some note, question in {
		"only the cloud": _call(["US_SSN"], [_cloud, _europe]),
		"two that exclude each other": _call(["US_SSN", "LOCATION"], _everywhere),
		"no zone": _call(["US_SSN"], [{"id": "echo"}]),
		"a zone that is null": _call(["US_SSN"], [{"id": "echo", "zone": null}]),
		"a zone that is a list": _call(["US_SSN"], [{"id": "echo", "zone": ["onprem"]}]),
		"a zone that looks alike": _call(["US_SSN"], [{"id": "echo", "zone": "onprem "}, {"id": "two", "zone": "ONPREM"}]),
	}
	pii.permitted == set() with input as question with data.regent as _house
	pii.deny == {_no_zone} with input as question with data.regent as _house
}

test_switched_off_permits_every_candidate[note] if {
	some note, house in {"absent": {}, "empty": {"pii": {}}}
	question := json.remove(_call(["US_SSN"], _everywhere), ["context"])
	pii.permitted == {"echo-cloud", "echo-europe", "echo-onprem"} with input as question with data.regent as house
	pii.deny == set() with input as question with data.regent as house
}

test_permits_nothing_where_findings_are_unknown[path] if {
	some path in ["context", "context/content", "context/content/findings", "context/content/findings/0/entity"]
	pii.permitted == set() with input as json.remove(_call(["NRP"], _everywhere), [path]) with data.regent as _house
}

test_permits_nothing_of_wrong_types if {
	pii.permitted == set() with input as _call(["US_SSN"], "echo-onprem") with data.regent as _house
	pii.permitted == set() with input as _call([7], [_onprem]) with data.regent as _house
}

test_permits_nothing_where_the_table_cannot_be_applied[note] if {
	some note, table in {"null": null, "text": "x", "zones": {"NRP": {"action": "allow", "zones": "onprem"}}}
	pii.permitted == set() with input as _call([], [_onprem]) with data.regent as {"pii": table}
}
