-- The ledger's present: microseconds since the epoch, by the server's clock alone.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
