# METADATA
# title: Personal data in a reply
# description: |
#   The table regent.reply_pii. Three rules read it: what the gateway must look for when a call goes out,
#   which replies are withheld, and which are masked.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.reply_pii

import data.facts.findings

# METADATA
# description: Whether the table says anything; if not, nobody needs to have looked into the reply.
switched_on if data.regent.reply_pii != {}

# METADATA
# description: Whether the facts about the reply are there and can be judged.
known if findings.known(input.context.reply.findings)

# METADATA
# description: Whether every row of the table can be applied.
sound if {
	is_object(data.regent.reply_pii)
	every row in data.regent.reply_pii { findings.sound(row, {"block", "mask"}) }
}

# METADATA
# description: The entities that were found in the reply and count, each with its row.
found := findings.counting(input.context.reply.findings, data.regent.reply_pii)
