package facts.answers_test

import data.facts.answers

test_incomplete_is_a_whole_reason if {
	object.keys(answers.incomplete) == {"id", "user", "admin", "controls"}
	answers.incomplete.id == "policy.incomplete"
}

test_advice_is_sorted_and_bounded if {
	answers.advice(set()) == []
	answers.advice({{"rule": "b"}, {"rule": "a"}}) == [{"rule": "a"}, {"rule": "b"}]
	count(answers.advice({{"rule": number} | some number in numbers.range(1, 100)})) == 64
}
