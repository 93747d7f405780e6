package facts.residency_test

import data.facts.residency

_said := {"id": "residency.eu", "user": "Stays in the EU.", "admin": "Label eu.", "controls": ["GDPR-44"]}

_house := {"residency": {
	"zones": {"zones": ["onprem", "eu-cloud"], "reason": _said},
	"regions": {"regions": ["fra1"], "reason": _said},
	"providers": {"providers": ["acme"], "reason": _said},
	"all": {"zones": ["cloud"], "regions": ["fra1"], "providers": ["acme"], "reason": _said},
	"nothing": {"reason": _said},
	"empty": {"zones": [], "reason": _said},
	"broken": {"zones": "onprem", "reason": {"id": "residency.broken"}},
	"other": {"zones": ["cloud"], "regions": [], "providers": ["acme"], "reason": _said},
}}

_runs(zone, region, provider) := {"id": "d", "zone": zone, "region": region, "provider": provider}

test_permits[note] if {
	some note, [label, deployment] in {
		"a zone of several": ["zones", _runs("eu-cloud", "x", "y")],
		"a region": ["regions", _runs("x", "fra1", "y")],
		"a provider": ["providers", _runs("x", "y", "acme")],
		"a provider in another case": ["providers", _runs("x", "y", "Acme")],
		"all of them": ["all", _runs("cloud", "fra1", "acme")],
	}
	residency.permits(label, deployment) with data.regent as _house
}

test_permits_nothing_else[note] if {
	some note, [label, deployment] in {
		"another zone": ["zones", _runs("cloud", "fra1", "acme")],
		"another region": ["all", _runs("cloud", "iad1", "acme")],
		"another provider": ["all", _runs("cloud", "fra1", "evil")],
		"no limit is given": ["nothing", _runs("cloud", "fra1", "acme")],
		"an empty list": ["empty", _runs("", "", "")],
		"one empty list of three": ["other", _runs("cloud", "fra1", "acme")],
		"a list that is none": ["broken", _runs("onprem", "fra1", "acme")],
		"zone absent": ["regions", {"id": "d", "region": "fra1", "provider": "acme"}],
		"region absent": ["zones", {"id": "d", "zone": "onprem", "provider": "acme"}],
		"provider absent": ["zones", {"id": "d", "zone": "onprem", "region": "fra1"}],
		"provider of another type": ["zones", _runs("onprem", "fra1", 7)],
		"zone of another type": ["zones", _runs(["onprem"], "fra1", "acme")],
		"zone that looks alike": ["zones", _runs("onprem ", "fra1", "acme")],
		"unknown label": ["h-r", _runs("onprem", "fra1", "acme")],
		"no deployment": ["zones", null],
	}
	not residency.permits(label, deployment) with data.regent as _house
}

test_listed_is_what_the_data_knows if {
	residency.listed("nothing") with data.regent as _house
	not residency.listed("h-r") with data.regent as _house
	not residency.listed("zones") with data.regent as {}
}

test_the_reason_is_the_labels_own if {
	residency.reason("zones") == _said with data.regent as _house
	not residency.reason("h-r") with data.regent as _house
}
