-- KEYS: marker, leases, reservation, counters...
-- ARGV: marker, id, plan, {requests, tokens, usd_micros}, ms for which one that isn't known is barred, or 0
if is_lost() then return answer({LOST, now}) end
local id, record = ARGV[2], read_record(KEYS[3])
local barred_ms = tonumber(ARGV[5])
if not record then
  -- It may still be under way, from a caller who didn't hear of it and was refused.
  local barred = {state = BARRED, holder = '', at = 0, amount = {0, 0, 0}, entries = {}, names = '', till = 0}
  if barred_ms > 0 then write_record(KEYS[3], barred, barred_ms) end
  return answer({DONE, now, 0})
end
if record.state == HELD and has_lapsed(KEYS[2], record.holder) then
  redis.call('SREM', prefix .. 'h:' .. record.holder, id)
  record = expire(id)
end
local is_late = record.state == EXPIRED and (record.till == 0 or now < record.till)
if record.state ~= HELD and not is_late then return answer({DONE, now, 0}) end

local plan, actual, warnings = cjson.decode(ARGV[3]), cjson.decode(ARGV[4]), {}
for place, entry in ipairs(record.entries) do
  local name = prefix .. entry[1]
  if redis.call('EXISTS', name) == 1 then
    local counter = opened_counter(name, plan[place], nil, entry)
    counter.place = place - 1
    counter.kind.settle(counter, record, entry, actual, warnings)
    if not counter.is_same then counter.kind.save(counter) end
  end
end

if is_late then
  record.state = CORRECTED
  write_record(KEYS[3], record, math.max(redis.call('PTTL', KEYS[3]), 1))
else
  redis.call('DEL', KEYS[3])
  redis.call('SREM', prefix .. 'h:' .. record.holder, id)
end
local out = {DONE, now, is_late and 1 or 0}
for _, number in ipairs(warnings) do out[#out + 1] = number end
return answer(out)
