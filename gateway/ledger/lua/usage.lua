-- KEYS: marker, leases, counters...
-- ARGV: marker, plan, {bounds...}
if is_lost() then return answer({LOST, now}) end
expire_what_is_due(KEYS[2])
local counters, is_elsewhere = opened_plan(3, cjson.decode(ARGV[2]), cjson.decode(ARGV[3]))
if is_elsewhere then return answer({OTHER_PERIOD, now}) end
local out = {DONE, now}
for _, counter in ipairs(counters) do counter.kind.stand(counter, out) end
return answer(out)
