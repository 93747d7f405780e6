-- KEYS: marker, leases, counters...
-- ARGV: marker, plan, {bounds...}, whether all must be known
if is_lost() then return answer({LOST, now}) end
expire_what_is_due(KEYS[2])
local counters, is_elsewhere = opened_plan(3, cjson.decode(ARGV[2]), cjson.decode(ARGV[3]))
if is_elsewhere then return answer({OTHER_PERIOD, now}) end
local out = {DONE, now}
for _, counter in ipairs(counters) do
  if ARGV[4] == '1' and not counter.is_known then return answer({UNKNOWN, now}) end
  counter.kind.stand(counter, out)
end
return answer(out)
