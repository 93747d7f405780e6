# METADATA
# title: Calls are made at their time
# description: |
#   A row of regent.time_windows says for which calls, in which hours of which days. The time is the question's,
#   told in the row's time zone. A call that rows are about must lie in a window of each of them.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: time_window
#   reasons: [time_window.closed]
#   severity: medium
#   enforcement: enforce
#   controls: [ISO-27001-A.5.15]
package rules.admission.denies.time_window

import data.facts.calls
import data.facts.clock

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	some row in data.regent.time_windows
	calls.concerns(row)
	not _open(row)
	reason := {
		"id": "time_window.closed",
		"user": "Calls like this are not permitted at this time.",
		"admin": "No window of a row of regent.time_windows that is about this call is open now.",
		"controls": ["ISO-27001-A.5.15"],
	}
}

# The zone `Local` is that of whichever machine decides, so that two gateways would answer otherwise.
_open(row) if {
	row.zone != "Local"
	at_ns := time.parse_rfc3339_ns(clock.now)
	[hour, minute, _] := time.clock([at_ns, row.zone])
	day := lower(time.weekday([at_ns, row.zone]))
	at := sprintf("%02d:%02d", [hour, minute])
	some window in row.windows
	day in window.days
	window.from <= at
	at < window.until
}
