-- KEYS: marker, leases, reservation, what the holder holds, counters...
-- ARGV: marker, id, holder, lease_us, plan, names of the keys, {requests, tokens, usd_micros, bounds...}
if is_lost() then return answer({LOST, now}) end
local id, holder = ARGV[2], ARGV[3]
if has_lapsed(KEYS[2], holder) then return answer({LAPSED, now}) end
-- Given up before it arrived: whoever asked for it has been refused.
if redis.call('EXISTS', KEYS[3]) == 1 then return answer({ABANDONED, now}) end
expire_what_is_due(KEYS[2])

local plan, asked = cjson.decode(ARGV[5]), cjson.decode(ARGV[7])
local counters, is_elsewhere = opened_plan(5, plan, {unpack(asked, 4)})
if is_elsewhere then return answer({OTHER_PERIOD, now}) end

local worst
for place, counter in ipairs(counters) do
  local refusal = counter.kind.refuses(counter, asked)
  if refusal and (not worst or (worst.retry >= 0 and (refusal.retry < 0 or refusal.retry > worst.retry))) then
    worst, refusal.place = refusal, place
  end
end
if worst then
  local out = {OVERDRAWN, now, worst.place - 1, worst.quantity, worst.asked, worst.retry}
  counters[worst.place].kind.stand(counters[worst.place], out, worst.quantity)
  return answer(out)
end

local out, warnings, entries = {DONE, now}, {}, {}
for place, counter in ipairs(counters) do
  counter.kind.take(counter, asked, holder, warnings)
  entries[place] = entry_of(counter)
  counter.kind.save(counter)
  counter.kind.stand(counter, out)
end
write_record(KEYS[3], {state = HELD, holder = holder, at = now, amount = {asked[1], asked[2], asked[3]},
  entries = entries, names = ARGV[6], till = 0}, RECORD_MS)
redis.call('SADD', KEYS[4], id)
redis.call('PEXPIRE', KEYS[4], RECORD_MS, 'NX')
redis.call('ZADD', KEYS[2], digits(now + tonumber(ARGV[4])), holder)
for _, number in ipairs(warnings) do out[#out + 1] = number end
return answer(out)
