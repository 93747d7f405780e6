package t.table_switch

# A switch in the data: what it may be is known before anything is asked.
enforcement(name) := data.world.switches[name]

enforcement(name) := "enforce" if not data.world.switches[name]

mode := data.world.mode

default active := false

active if data.world.mode == "on"

active if data.world.mode in {"warn", "shadow"}

deny contains "active" if {
	active
	input.n > 3
}

deny contains "enforced" if {
	enforcement("one") == "enforce"
	input.n > 3
}

advice contains "warned" if {
	enforcement("one") == "warn"
	input.n > 3
}

off if data.world.mode == "off"

level := 1 if data.world.mode == "on"

level := 2 if data.world.mode == "warn"

level := input.n if data.world.mode == "shadow"

chosen := input.a if {
	off
} else := input.b if {
	data.world.mode != "on"
} else := input.c

rank := 1 if {
	data.world.nowhere
} else := 2 if {
	input.a
} else := 3 if {
	not data.world.nowhere
} else := 4
