package rules.admin.grants.administration_test

import data.rules.admin.grants.administration

_house := {"administration": {
	"administrators": {"actions": ["bundle.*", "policy.*"], "roles": ["regent-admin"]},
	"auditors": {"actions": ["audit.*", "bundle.read"], "teams": ["audit"], "organizations": ["acme"]},
	"robot": {"actions": ["bundle.read"], "subjects": ["ci@acme"], "issuer": "https://idp.example"},
	"mirrors": {"actions": ["audit.log"], "roles": ["mirror"]},
	"accountants": {"actions": ["usage.read"], "roles": ["accountant"]},
	"everybody": {"actions": ["usage.own"], "teams": ["*"]},
	"nobody": {"actions": ["*"]},
}}

_asks(action, who) := {
	"subject": {"id": "ci@acme", "properties": object.union({"issuer": "https://other.example", "roles": []}, who)},
	"action": {"name": action, "properties": {}},
	"resource": {"type": "admin", "id": "bundles", "properties": {}},
}

_admin := {"roles": ["Regent-Admin"]}

_auditor := {"team": "audit", "organization": "acme"}

test_allows[note] if {
	some note, question in {
		"an administrator": _asks("bundle.activate", _admin),
		"an auditor": _asks("audit.query", _auditor),
		"an auditor reads records": _asks("audit.read", _auditor),
		"an auditor reads the log": _asks("audit.log", _auditor),
		"a mirror reads the log": _asks("audit.log", {"roles": ["mirror"]}),
		"an auditor may read bundles": _asks("bundle.read", _auditor),
		"an accountant": _asks("usage.read", {"roles": ["accountant"]}),
		"anybody of a team about themselves": _asks("usage.own", {"team": "hr"}),
		"a single caller": _asks("bundle.read", {"issuer": "https://idp.example"}),
	}
	administration.allow == true with input as question with data.regent as _house
}

test_denies[note] if {
	some note, question in {
		"an administrator isn't an auditor": _asks("audit.query", _admin),
		"an auditor isn't an administrator": _asks("bundle.activate", _auditor),
		"a mirror asks nothing": _asks("audit.query", {"roles": ["mirror"]}),
		"a mirror reads no single record": _asks("audit.read", {"roles": ["mirror"]}),
		"anybody of a team about everybody": _asks("usage.read", {"team": "hr"}),
		"an accountant corrects no budget": _asks("budget.correct", {"roles": ["accountant"]}),
		"an accountant reads no records": _asks("audit.query", {"roles": ["accountant"]}),
		"somebody without a team about themselves": _asks("usage.own", {}),
		"half an auditor": _asks("audit.query", {"team": "audit"}),
		"another issuer's subject": _asks("bundle.read", {}),
		"a role that looks like a glob": _asks("bundle.activate", {"roles": ["*", "regent-admin "]}),
		"an action in another case": _asks("Bundle.activate", _admin),
		"an action that is longer": _asks("xbundle.activate", _admin),
		"a model": object.union(_asks("bundle.read", _admin), {"resource": {"type": "model"}}),
	}
	administration.allow == false with input as question with data.regent as _house
}

test_denies_what_is_absent[path] if {
	some path in ["action", "resource", "subject", "subject/properties/roles", "resource/type"]
	question := json.remove(_asks("bundle.activate", _admin), [path])
	administration.allow == false with input as question with data.regent as _house
}

test_denies_wrong_types if {
	administration.allow == false with input as _asks(["bundle.read"], _admin) with data.regent as _house
	administration.allow == false with input as _asks("bundle.read", {"roles": {"regent-admin": 1}}) with data.regent as _house
}

test_denies_without_data[note] if {
	some note, table in {"absent": {}, "empty": {"administration": {}}, "text": {"administration": "*"}}
	administration.allow == false with input as _asks("bundle.read", _admin) with data.regent as table
}
