# METADATA
# title: Replies are looked into before they are released
# description: |
#   Which entities the gateway must look for in the reply, and what happens to them. A call that a row of
#   regent.replies fits has its reply judged too, with or without entities to look for.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: inspect_reply
#   reasons: [reply.malformed_pii]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-5, GDPR-25]
package rules.request.obligations.inspect_reply

import data.facts.reply_pii
import data.facts.scope

# METADATA
# description: At most one obligation for what is masked, one for what is blocked, and one for the rows of replies.
# scope: document
obligation contains {"kind": "inspect_reply", "entities": sort(entities), "action": action} if {
	reply_pii.switched_on
	some action in ["block", "mask"]
	entities := {entity | some entity, row in data.regent.reply_pii; row.action == action}
	count(entities) > 0
}

obligation contains {"kind": "inspect_reply", "entities": [], "action": "block"} if {
	data.regent.replies != {}
	_judged
}

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	reply_pii.switched_on
	not reply_pii.sound
	reason := {
		"id": "reply.malformed_pii",
		"user": "What this policy says about personal data in replies cannot be applied.",
		"admin": "A row under regent.reply_pii lacks an action or names an unknown one, or its score is malformed.",
		"controls": ["GDPR-25"],
	}
}

# Also where it can't be told which rows fit: whoever judges the reply will refuse it then.
_judged if {
	some row in data.regent.replies
	scope.covers(row)
}

_judged if {
	some row in data.regent.replies
	not scope.sound(row)
}

_judged if {
	replies := data.regent.replies
	not is_object(replies)
}

_judged if not scope.known
