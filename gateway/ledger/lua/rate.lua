-- So many requests and tokens in any stretch of one length. spec = {RATE, window, requests, tokens}, -1 for
-- a quantity that doesn't matter; both are counted all the same, for whoever limits the other.
local rate = {}

local COLUMNS = {3, 4}

function rate.open(counter)
  counter.state = {s = read(counter.key) or {}}
  refresh(counter.state, counter.window, counter.is_ending)
end

function rate.refuses(counter, amount)
  local worst
  for column, limit in ipairs(COLUMNS) do
    local most, asked = counter.spec[limit], amount[column]
    if most >= 0 and asked > 0 and counted(counter.state, column) + asked > most then
      local retry = -1
      if asked <= most then retry = free_at(counter.state, column, most - asked, counter.window) end
      if not worst or (worst.retry >= 0 and (retry < 0 or retry > worst.retry)) then
        worst = {quantity = column, asked = asked, retry = retry}
      end
    end
  end
  return worst
end

function rate.take(counter, amount)
  put(counter.state.s, counter.state.present, amount[1], amount[2])
end

-- Tokens count as they were reserved, so an end without a settlement changes nothing.
function rate.settle(counter, record, entry, actual)
  local requests, tokens = actual[1] - record.amount[1], actual[2] - record.amount[2]
  counter.is_same = requests == 0 and tokens == 0
  if not counter.is_same then amend(counter.state, counter.window, record.at, requests, tokens) end
end

function rate.save(counter)
  local state = counter.state
  if #state.s == 0 then redis.call('DEL', counter.key) return end
  write(counter.key, state.s, slices_ttl_ms(counter.window))
end

function rate.stand(counter, out, only)
  for column, limit in ipairs(COLUMNS) do
    local most = counter.spec[limit]
    if most >= 0 and (not only or only == column) then
      out[#out + 1] = most
      out[#out + 1] = counted(counter.state, column)
      out[#out + 1] = 0
      out[#out + 1] = all_free_at(counter.state, column, counter.window)
    end
  end
end
