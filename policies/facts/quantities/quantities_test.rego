package facts.quantities_test

import data.facts.quantities

test_positive[value] if {
	some value in [1, 4096, 2.0]
	quantities.positive(value)
}

test_not_positive[name] if {
	some name, value in {"zero": 0, "negative": -1, "fraction": 0.5, "text": "4096", "null": null, "list": [1]}
	not quantities.positive(value)
}

test_fraction[value] if {
	some value in [0, 0.8, 1]
	quantities.fraction(value)
}

test_no_fraction[name] if {
	some name, value in {"negative": -0.1, "more than all": 1.01, "text": "0.5", "null": null, "list": [0.5], "true": true}
	not quantities.fraction(value)
}

test_part[value] if {
	some value in [0.001, 0.5, 1]
	quantities.part(value)
}

test_no_part[name] if {
	some name, value in {"zero": 0, "more than all": 1.01, "text": "0.5", "null": null, "false": false}
	not quantities.part(value)
}

test_the_longest_window_is_a_leap_year if quantities.longest_s == ((366 * 24) * 60) * 60
