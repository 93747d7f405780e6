package t.base_and_virtual

p := data.t.base_and_virtual_inner
q := data.t.base_and_virtual_inner[input.k]
