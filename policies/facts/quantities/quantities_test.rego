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
