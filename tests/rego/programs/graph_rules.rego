package t.graph_rules

allowed contains x if some x in graph.reachable(input.o, {input.k})
p := allowed
