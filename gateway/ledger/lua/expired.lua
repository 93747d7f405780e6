-- KEYS: marker, leases, expired reservations
-- ARGV: marker, how many at most
-- Answers with JSON after the status: the names of the keys are JSON already, and nobody reads them here.
if is_lost() then return answer({LOST, now}) end
expire_what_is_due(KEYS[2])
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, tonumber(ARGV[2]) - 1)) do
  local record = read_record(prefix .. 'r:' .. id)
  if record then
    local amount = record.amount
    local numbers = {digits(amount[1]), digits(amount[2]), digits(amount[3]), digits(record.at)}
    found[#found + 1] = '["' .. id .. '",' .. table.concat(numbers, ',') .. ',' .. record.names .. ']'
  else
    redis.call('ZREM', KEYS[3], id)
  end
end
return answer({DONE, now}) .. ' [' .. table.concat(found, ',') .. ']'
