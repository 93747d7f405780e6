-- So much money in any stretch of one length. spec = {ROLLING, sum, hard, marks, window}; what is reserved
-- stands beside the slices, and goes into that of its reservation when it is settled.
local rolling = {}

local function standing(counter)
  local state = counter.state
  return within(counted(state, 1) + state.reserved)
end

local function fall(counter)
  local most = within(counter.spec[2] + counter.state.added)
  forget_above(counter.state, most, standing(counter), counter.window)
end

function rolling.open(counter)
  local found = read(counter.key)
  counter.is_known = found and true
  found = found or {{}, 0, 0, {}}
  counter.state = {s = found[1], reserved = found[2], added = found[3], told = found[4], told_at = found[5] or {}}
  refresh(counter.state, counter.window, counter.is_ending)
  if not counter.spec then return end
  fall(counter)
end

function rolling.refuses(counter, amount)
  local state, asked = counter.state, amount[3]
  local most = within(counter.spec[2] + state.added)
  if counter.spec[3] == 0 or asked == 0 or standing(counter) + asked <= most then return end
  local room = most - state.reserved - asked
  return {quantity = 1, asked = asked, retry = room < 0 and -1 or free_at(state, 1, room, counter.window)}
end

function rolling.take(counter, amount, holder, warnings)
  local state = counter.state
  state.reserved = within(state.reserved + amount[3])
  warn(counter, state, standing(counter), all_free_at(state, 1, counter.window), warnings)
end

function rolling.settle(counter, record, entry, actual, warnings)
  local state = counter.state
  if record.state == HELD then
    state.reserved = within(state.reserved - record.amount[3])
    amend(state, counter.window, record.at, actual[3], 0)
  else
    amend(state, counter.window, record.at, actual[3] - record.amount[3], 0)
  end
  if not counter.spec then return end
  warn(counter, state, standing(counter), all_free_at(state, 1, counter.window), warnings)
end

function rolling.expire(counter, record, entry)
  counter.state.reserved = within(counter.state.reserved - record.amount[3])
  amend(counter.state, counter.window, record.at, record.amount[3], 0)
end

function rolling.save(counter)
  local state, ttl_ms = counter.state, slices_ttl_ms(counter.window)
  if state.reserved > 0 or state.added ~= 0 then ttl_ms = math.max(ttl_ms, RECORD_MS + DAY_MS) end
  write(counter.key, {state.s, state.reserved, state.added, state.told, state.told_at}, ttl_ms)
end

function rolling.stand(counter, out)
  local state = counter.state
  out[#out + 1] = within(counter.spec[2] + state.added)
  out[#out + 1] = counted(state, 1)
  out[#out + 1] = state.reserved
  out[#out + 1] = all_free_at(state, 1, counter.window)
end

function rolling.correct(counter, kind, by)
  local state = counter.state
  if kind == 'reset' then
    state.s = {}
  elseif kind == 'top_up' then
    if not top_up(counter, state, by) then return false end
  end
  forget_above(state, within(counter.spec[2] + state.added), standing(counter))
  return true
end
