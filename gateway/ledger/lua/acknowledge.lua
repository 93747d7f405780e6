-- KEYS: marker, expired reservations, reservations...
-- ARGV: marker, ids...
-- Kept for a day, because a frozen process may still come with what was really used.
if is_lost() then return answer({LOST, now}) end
for at = 3, #KEYS do
  local record = redis.call('ZREM', KEYS[2], ARGV[at - 1]) == 1 and read_record(KEYS[at])
  if record then
    record.till = now + DAY_US
    write_record(KEYS[at], record, 2 * DAY_MS)
  end
end
return answer({DONE, now})
