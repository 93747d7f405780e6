-- Holders whose lease has lapsed: what they held ends. Nobody can say that it wasn't used, so it counts as
-- used.
local EXPIRE_AT_ONCE = 100

local function expire(id)
  local key = prefix .. 'r:' .. id
  local record = read_record(key)
  if not record or record.state ~= HELD then return end
  for _, entry in ipairs(record.entries) do
    local name = prefix .. entry[1]
    if entry[2] ~= RATE and redis.call('EXISTS', name) == 1 then
      local counter = opened_counter(name, nil, nil, entry)
      counter.kind.expire(counter, record, entry)
      counter.kind.save(counter)
    end
  end
  record.state = EXPIRED
  write_record(key, record, RECORD_MS)
  redis.call('ZADD', prefix .. 'expired', digits(record.at), id)
  redis.call('PEXPIRE', prefix .. 'expired', RECORD_MS)
  return record
end

-- In bounded steps, so that no call pays for a thousand; `lapsed` keeps the rest from being counted.
local function expire_what_is_due(leases)
  local left = EXPIRE_AT_ONCE
  for _, holder in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', digits(now))) do
    local held = prefix .. 'h:' .. holder
    local ids = left > 0 and redis.call('SPOP', held, left) or {}
    for _, id in ipairs(ids) do expire(id) end
    left = left - #ids
    if redis.call('EXISTS', held) == 0 then redis.call('ZREM', leases, holder) else lapsed[holder] = true end
  end
end

-- A holder that has lapsed never comes back: its process takes another name.
local function has_lapsed(leases, holder)
  local till = redis.call('ZSCORE', leases, holder)
  return not till or tonumber(till) <= now
end
