-- A counter of any kind, and the reservations that name them.
local KINDS = {rate, at_once, period, rolling}

-- With `entry`, {name, kind, window or start}, as a reservation remembers it, which is to be ended
-- (`is_ending`): its uses are looked for where they were put, before anything is moved. Without, as a plan
-- says.
local function opened_counter(key, spec, bounds, entry)
  local kind = spec and spec[1] or entry[2]
  local counter = {key = key, kind = KINDS[kind], spec = spec, bounds = bounds, is_ending = entry ~= nil}
  if kind == RATE then counter.window = spec and spec[2] or entry[3] end
  if kind == ROLLING then counter.window = spec and spec[5] or entry[3] end
  counter.kind.open(counter)
  return counter
end

-- All counters of a plan; the second result says that the present is in none of a purse's three periods.
local function opened_plan(first_key, plan, bounds)
  local counters, calendars, is_elsewhere = {}, 0, false
  for place, spec in ipairs(plan) do
    local these
    if spec[1] == PERIOD then
      calendars = calendars + 1
      these = bounds[calendars]
    end
    counters[place] = opened_counter(KEYS[first_key + place - 1], spec, these)
    counters[place].place = place - 1
    is_elsewhere = is_elsewhere or counters[place].is_elsewhere
  end
  return counters, is_elsewhere
end

local function entry_of(counter)
  local of = counter.window or (counter.book and counter.book.start) or 0
  return {string.sub(counter.key, #prefix + 1), counter.spec[1], of}
end

-- `till`: until when one that was acknowledged may still be corrected; 0 before that.
local function read_record(key)
  local row = read(key)
  if not row then return end
  return {state = row[1], holder = row[2], at = row[3], amount = row[4], entries = row[5], names = row[6],
    till = row[7]}
end

local function write_record(key, record, ttl_ms)
  local row = {record.state, record.holder, record.at, record.amount, record.entries, record.names,
    record.till}
  write(key, row, ttl_ms)
end
