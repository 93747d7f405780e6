-- KEYS: marker, leases, what the holder holds, the latest moment that any holder was heard of
-- ARGV: marker, holder, lease_us, 'join' | 'renew' | 'leave', what that moment is at least
if is_lost() then return answer({LOST, now}) end
local seen = tonumber(redis.call('GET', KEYS[4]) or '0')
-- What the server knows is older than what it has confirmed: an old snapshot. Nobody may count on it.
if ARGV[4] == 'join' and seen < tonumber(ARGV[5]) then
  redis.call('DEL', KEYS[1])
  return answer({LOST, now})
end
local holder, lease_us, what = ARGV[2], tonumber(ARGV[3]), ARGV[4]
if what ~= 'join' and has_lapsed(KEYS[2], holder) then return answer({LAPSED, now}) end
local till = what == 'leave' and now or now + lease_us
redis.call('ZADD', KEYS[2], digits(till), holder)
redis.call('SET', KEYS[4], digits(math.max(seen, now)), 'PX', RECORD_MS)
redis.call('PEXPIRE', KEYS[2], RECORD_MS)
redis.call('PEXPIRE', KEYS[3], RECORD_MS)
-- A clock that went back would keep the dead alive for as long as it went.
for _, other in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. digits(now + lease_us), '+inf')) do
  redis.call('ZADD', KEYS[2], digits(now + lease_us), other)
end
expire_what_is_due(KEYS[2])
return answer({DONE, now})
