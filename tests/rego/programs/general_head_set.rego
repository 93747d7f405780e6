package t.general_head_set

p[k].members contains v if some k, v in input.o
p[k].members contains v if some k, v in input.q
p.a.members contains "fixed"
