package t.indexing_arrays

p contains "one" if input.xs == [1]
p contains "two" if input.xs = [1, _]
p contains "three" if input.xs = [1, 2]
p contains "obj" if input.o == {"a": 1}
p contains "null" if input.a == null
p contains "true" if input.a == true
