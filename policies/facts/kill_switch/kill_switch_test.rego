package facts.kill_switch_test

import data.facts.kill_switch

_killing(table) := {"kill_switch": table}

_asks(model, team) := {
	"subject": {"properties": {"team": team}},
	"resource": {"id": model, "properties": {"deployments": [
		{"id": "a", "provider": "Acme-Cloud"},
		{"id": "b", "provider": "vllm"},
	]}},
}

test_kills_a_model[note] if {
	some note, pattern in {"by name": "gpt-5.1", "by a glob that spans the dot": "gpt-5*", "all": "*"}
	kill_switch.model with input as _asks("gPt-5.1", "hr") with data.regent as _killing({"models": [pattern]})
}

test_kills_no_other_model[note] if {
	some note, pattern in {"another": "gpt-4*", "shorter": "gpt-5", "longer": "gpt-5.1.", "empty": ""}
	not kill_switch.model with input as _asks("gpt-5.1", "hr") with data.regent as _killing({"models": [pattern]})
}

test_kills_a_model_that_is_unknown[note] if {
	some note, question in {"absent": {}, "another type": _asks(["gpt-4"], "hr")}
	kill_switch.model with input as question with data.regent as _killing({"models": ["gpt-5*"]})
}

test_kills_a_team if {
	kill_switch.team with input as _asks("m", "HR") with data.regent as _killing({"teams": ["h?"]})
	not kill_switch.team with input as _asks("m", "eng") with data.regent as _killing({"teams": ["h?"]})
	not kill_switch.team with input as {} with data.regent as _killing({"teams": ["*"]})
	not kill_switch.team with input as _asks("m", ["hr"]) with data.regent as _killing({"teams": ["*"]})
}

test_kills_a_provider[note] if {
	some note, [providers, permitted] in {
		"one": [["acme-*"], {"b"}],
		"the other": [["VLLM", "vllm"], {"a"}],
		"both": [["vllm", "acme-cloud"], set()],
		"all": [["*"], set()],
	}
	kill_switch.permitted == permitted with input as _asks("m", "hr") with data.regent as _killing({"providers": providers})
	kill_switch.provider with input as _asks("m", "hr") with data.regent as _killing({"providers": providers})
}

test_kills_no_other_provider if {
	kill_switch.permitted == {"a", "b"} with input as _asks("m", "hr") with data.regent as _killing({"providers": ["acme"]})
	not kill_switch.provider with input as _asks("m", "hr") with data.regent as _killing({"providers": ["acme"]})
}

test_does_nothing_without_data[note] if {
	some note, table in {"absent": {}, "empty": _killing({}), "text": _killing("*"), "lists": _killing({"models": []})}
	not kill_switch.model with input as _asks("m", "hr") with data.regent as table
	not kill_switch.team with input as _asks("m", "hr") with data.regent as table
	not kill_switch.provider with input as _asks("m", "hr") with data.regent as table
	kill_switch.permitted == {"a", "b"} with input as _asks("m", "hr") with data.regent as table
}

test_permits_no_deployment_whose_provider_is_unknown if {
	question := {"resource": {"properties": {"deployments": [{"id": "a"}, {"id": "b", "provider": ["vllm"]}]}}}
	kill_switch.permitted == set() with input as question with data.regent as {}
	kill_switch.provider with input as question with data.regent as _killing({"providers": ["acme"]})
}

test_permits_nothing_of_wrong_types if {
	kill_switch.permitted == set() with input as {} with data.regent as {}
	kill_switch.permitted == set() with input as {"resource": {"properties": {"deployments": "a"}}} with data.regent as {}
}
