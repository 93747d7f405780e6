-- So many calls at once. spec = {AT_ONCE, calls}; state = {holder, calls, holder, calls, ...}: what belongs
-- to a holder whose lease has lapsed is over, also before each of its reservations has been looked at.
local at_once = {}

local function in_flight(counter)
  local sum = 0
  for at = 1, #counter.state, 2 do
    if not lapsed[counter.state[at]] then sum = sum + counter.state[at + 1] end
  end
  return sum
end

local function change(counter, holder, by)
  local state = counter.state
  for at = 1, #state, 2 do
    if state[at] == holder then
      state[at + 1] = state[at + 1] + by
      if state[at + 1] <= 0 then table.remove(state, at) table.remove(state, at) end
      return
    end
  end
  if by > 0 then state[#state + 1], state[#state + 2] = holder, by end
end

function at_once.open(counter)
  counter.state = read(counter.key) or {}
end

function at_once.refuses(counter)
  if in_flight(counter) + 1 > counter.spec[2] then return {quantity = 1, asked = 1, retry = -1} end
end

function at_once.take(counter, amount, holder)
  change(counter, holder, 1)
end

function at_once.settle(counter, record)
  if record.state == HELD then change(counter, record.holder, -1) end
end

function at_once.expire(counter, record)
  change(counter, record.holder, -1)
end

-- It must outlive every reservation that it counts.
function at_once.save(counter)
  if #counter.state == 0 then redis.call('DEL', counter.key) return end
  write(counter.key, counter.state, RECORD_MS + DAY_MS)
end

function at_once.stand(counter, out)
  out[#out + 1] = counter.spec[2]
  out[#out + 1] = 0
  out[#out + 1] = in_flight(counter)
  out[#out + 1] = 0
end
