# METADATA
# title: Answers
# description: What every phase says alike.
package facts.answers

# METADATA
# description: Why nothing is permitted by a policy that lacks a rule.
incomplete := {
	"id": "policy.incomplete",
	"user": "The policy is incomplete, so nothing is permitted.",
	"admin": "A rule named under regent.required is missing from the bundle or isn't enforced, or the list is missing.",
	"controls": ["GDPR-32"],
}

# METADATA
# description: Advice as a sorted list of no more entries than the contract lets it have.
advice(found) := array.slice(sort(found), 0, 64)
