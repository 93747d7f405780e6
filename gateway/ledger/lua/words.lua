-- What every script says and how: numbers are integers up to 2^53 - 1, exact in Lua's doubles.
local MOST = 9007199254740991
local DONE, OVERDRAWN, LOST, LAPSED, OTHER_PERIOD, ABANDONED, UNKNOWN, UNFIT = 0, 1, 2, 3, 4, 5, 6, 7
local RATE, AT_ONCE, PERIOD, ROLLING = 1, 2, 3, 4
local HELD, EXPIRED, CORRECTED, BARRED = 1, 2, 3, 4
local DAY_MS, DAY_US = 86400000, 86400000000
local RECORD_MS = 90 * DAY_MS

-- Holders whose lease is over and of whom something is left to be expired.
local lapsed = {}

-- Everything of one ledger has one hash tag, hence one slot: the first key names it.
local prefix = string.match(KEYS[1], '^{.-}:')

local function within(number)
  return math.min(math.max(number, 0), MOST)
end

-- Lua would write a number of more than 14 digits in exponents.
local function digits(number)
  return string.format('%.0f', number)
end

local function answer(numbers)
  for at = 1, #numbers do numbers[at] = digits(numbers[at]) end
  return table.concat(numbers, ' ')
end

local function read(key)
  local packed = redis.call('GET', key)
  return packed and cmsgpack.unpack(packed)
end

local function write(key, value, ttl_ms)
  redis.call('SET', key, cmsgpack.pack(value), 'PX', digits(ttl_ms))
end

-- A server that has forgotten has no marker, or another's: it must not count from zero.
local function is_lost()
  return redis.call('GET', KEYS[1]) ~= ARGV[1]
end
