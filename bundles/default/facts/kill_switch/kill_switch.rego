# METADATA
# title: What is out of use
# description: Models, teams and providers that the data takes out of use, by globs that span every character.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.kill_switch

import data.facts.models

# METADATA
# description: Whether the model asked for is out of use, or might be, because it isn't known.
# scope: document
model if {
	some pattern in data.regent.kill_switch.models
	glob.match(pattern, null, models.asked)
}

model if {
	count(data.regent.kill_switch.models) > 0
	not models.asked
}

# METADATA
# description: Whether the caller's team is out of use.
team if {
	some pattern in data.regent.kill_switch.teams
	glob.match(pattern, null, lower(input.subject.properties.team))
}

# METADATA
# description: Ids of the candidates whose provider is known and in use.
permitted contains deployment.id if {
	some deployment in input.resource.properties.deployments
	provider := lower(deployment.provider)
	every pattern in _providers { not glob.match(pattern, null, provider) }
}

# METADATA
# description: Whether candidates were lost to providers that are out of use.
provider if {
	count(_providers) > 0
	count(input.resource.properties.deployments) > count(permitted)
}

_providers contains pattern if some pattern in data.regent.kill_switch.providers
