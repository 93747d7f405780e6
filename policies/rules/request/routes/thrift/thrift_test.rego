package rules.request.routes.thrift_test

import data.rules.request.routes.thrift

_house := {"thrift": {"hr": {"budgets": ["hr"], "above": 0.8, "labels": ["small", "tiny"]}}}

_asks(usage) := {
	"resource": {"properties": {"deployments": [
		{"id": "large", "labels": ["dpa"]},
		{"id": "small", "labels": ["dpa", "small"]},
	]}},
	"context": {"usage": usage},
}

_budget(key, part) := {"kind": "budget", "key": key, "part": part}

_both := {"large", "small"}

_ids := {reason.id | some reason in thrift.deny}

test_thrift[note] if {
	some note, [usage, expected] in {
		"nothing spent": [[_budget("hr/team:hr", 0)], _both],
		"below the mark": [[_budget("hr/team:hr", 0.79)], _both],
		"at the mark": [[_budget("hr/team:hr", 0.8)], {"small"}],
		"overspent": [[_budget("hr/team:hr", 1.2)], {"small"}],
		"another budget": [[_budget("it/team:it", 0.9)], _both],
		"a limit under the same key": [[{"kind": "limit", "key": "hr/team:hr", "part": 1}], _both],
		"one of two": [[_budget("it/team:it", 0), _budget("hr/team:hr", 1)], {"small"}],
		"no budget": [[], _both],
	}
	thrift.permitted == expected with input as _asks(usage) with data.regent as _house
	thrift.deny == set() with input as _asks(usage) with data.regent as _house
}

test_a_model_without_a_small_deployment_is_served_all_the_same if {
	question := json.patch(_asks([_budget("hr/team:hr", 1)]), [{
		"op": "remove",
		"path": "resource/properties/deployments/1",
	}])
	thrift.permitted == {"large"} with input as question with data.regent as _house
}

test_every_row_in_force_holds if {
	house := json.patch(_house, [{
		"op": "add",
		"path": "thrift/dpa",
		"value": {"budgets": ["hr", "it"], "above": 0, "labels": ["dpa"]},
	}])
	thrift.permitted == {"small"} with input as _asks([_budget("hr/team:hr", 1)]) with data.regent as house
	thrift.permitted == _both with input as _asks([_budget("it/team:it", 1)]) with data.regent as house
}

test_switched_off_permits_all[note] if {
	some note, house in {"absent": {}, "empty": {"thrift": {}}}
	thrift.permitted == _both with input as _asks([_budget("hr/team:hr", 1)]) with data.regent as house
	thrift.deny == set() with input as _asks([_budget("hr/team:hr", 1)]) with data.regent as house
}

test_before_it_is_known_how_budgets_stand_nothing_is_narrowed[path] if {
	some path in ["context", "context/usage"]
	question := json.remove(_asks([_budget("hr/team:hr", 1)]), [path])
	thrift.permitted == _both with input as question with data.regent as _house
}

test_hostile_usage_narrows_nothing[note] if {
	some note, usage in {
		"text": "hr",
		"null": null,
		"no objects": ["hr", 1],
		"key of another type": [{"kind": "budget", "key": 1, "part": 1}],
		"no part": [{"kind": "budget", "key": "hr/team:hr"}],
	}
	thrift.permitted == _both with input as _asks(usage) with data.regent as _house
}

test_no_name_borrows_or_leaves_the_row_of_another[key] if {
	some key, expected in {"it/hr/team:hr": _both, "hrx/team:hr": _both, "hr": _both, "hr/team:a/b/../it": {"small"}}
	thrift.permitted == expected with input as _asks([_budget(key, 1)]) with data.regent as _house
}

test_deployments_that_are_none_are_not_permitted if {
	question := json.patch(_asks([]), [{"op": "replace", "path": "resource/properties/deployments", "value": ["large"]}])
	thrift.permitted == set() with input as question with data.regent as _house
}

test_denies_a_row_that_is_none[note] if {
	some note, row in {
		"null": null,
		"text": "hr",
		"no budgets": {"above": 0.8, "labels": ["small"]},
		"no mark": {"budgets": ["hr"], "labels": ["small"]},
		"no labels": {"budgets": ["hr"], "above": 0.8},
		"empty labels": {"budgets": ["hr"], "above": 0.8, "labels": []},
		"a mark beyond the sum": {"budgets": ["hr"], "above": 80, "labels": ["small"]},
		"a label of another type": {"budgets": ["hr"], "above": 0.8, "labels": [1]},
		"budgets of another type": {"budgets": "hr", "above": 0.8, "labels": ["small"]},
		"an unknown field": {"budgets": ["hr"], "above": 0.8, "labels": ["small"], "team": "hr"},
	}
	_ids == {"thrift.malformed"} with input as _asks([]) with data.regent as {"thrift": {"row": row}}
}

test_denies_a_table_that_is_none[note] if {
	some note, table in {"text": "80", "null": null, "list": [{"above": 1}], "false": false}
	_ids == {"thrift.malformed"} with input as _asks([]) with data.regent as {"thrift": table}
}
