package gateway.request

import rego.v1

default allow := false

allow if {
	input.subject.properties.team in data.teams
	not denied
}

denied if some r in deny

deny contains r if {
	input.action.name == "chat.completions"
	some d in input.resource.properties.deployments
	d.zone == "cloud"
	"hr" in input.context.content.labels
	r := {"id": "residency", "user": sprintf("dep %v", [d.id])}
}

obligations contains {"kind": "route", "deployments": ids} if {
	ids := [d.id | some d in input.resource.properties.deployments; d.zone == "onprem"]
	count(ids) > 0
}

decision := {"allow": allow, "reasons": deny, "obligations": obligations}

f(x) := y if y := x + 1
