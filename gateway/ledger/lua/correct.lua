-- KEYS: marker, leases, counter
-- ARGV: marker, plan of one purse, {bounds...}, what to do, by how much, whether it must be known
if is_lost() then return answer({LOST, now}) end
expire_what_is_due(KEYS[2])
local counters, is_elsewhere = opened_plan(3, cjson.decode(ARGV[2]), cjson.decode(ARGV[3]))
if is_elsewhere then return answer({OTHER_PERIOD, now}) end
local counter, out = counters[1], {DONE, now}
if ARGV[6] == '1' and not counter.is_known then return answer({UNKNOWN, now}) end
if not counter.kind.correct(counter, ARGV[4], tonumber(ARGV[5])) then return answer({UNFIT, now}) end
counter.kind.save(counter)
counter.kind.stand(counter, out)
return answer(out)
