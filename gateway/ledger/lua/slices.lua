-- Uses in slices of a sixtieth of a window: state.s = {index, first, second, index, ...}, ascending.

local function width_of(window)
  return math.floor((window + 59) / 60)
end

local function put(slices, index, first, second)
  local at = #slices - 2
  while at > 0 and slices[at] > index do at = at - 3 end
  if at > 0 and slices[at] == index then
    slices[at + 1] = within(slices[at + 1] + first)
    slices[at + 2] = within(slices[at + 2] + second)
    return
  end
  table.insert(slices, at + 3, within(second))
  table.insert(slices, at + 3, within(first))
  table.insert(slices, at + 3, index)
end

-- Forget what the window has passed over. A clock that went back leaves slices in the future: they count
-- from now on, for a full window, so that it neither frees what was used nor blocks for ever. With `is_kept`
-- they stay for now.
local function refresh(state, window, is_kept)
  local width = width_of(window)
  local present, oldest = math.floor(now / width), math.floor((now - window) / width)
  local kept, first, second, is_moved = {}, 0, 0, false
  for at = 1, #state.s, 3 do
    local index = state.s[at]
    if index > present and not is_kept then
      first, second, is_moved = first + state.s[at + 1], second + state.s[at + 2], true
    elseif index >= oldest then
      kept[#kept + 1], kept[#kept + 2], kept[#kept + 3] = index, state.s[at + 1], state.s[at + 2]
    end
  end
  state.s, state.width, state.present = kept, width, present
  if is_moved then put(kept, present, first, second) end
end

local function has(slices, index)
  for at = 1, #slices, 3 do
    if slices[at] == index then return true end
  end
  return false
end

-- Change what was used at a moment, where it was put. What has been moved since, because a clock went back,
-- is one with other uses, and a refund would take theirs: then it only grows.
local function amend(state, window, at_us, first, second)
  local index, present = math.floor(at_us / width_of(window)), math.floor(now / width_of(window))
  if index > present and not has(state.s, index) then
    index, first, second = present, math.max(first, 0), math.max(second, 0)
  end
  put(state.s, index, first, second)
  refresh(state, window)
end

-- `column` is 1 or 2.
local function counted(state, column)
  local sum = 0
  for at = 1, #state.s, 3 do sum = sum + state.s[at + column] end
  return within(sum)
end

local function leaves_at(state, index, window)
  return (index + 1) * state.width + window
end

-- The first moment at which no more than `room` is still counted.
local function free_at(state, column, room, window)
  local left = 0
  for at = 1, #state.s, 3 do left = left + state.s[at + column] end
  for at = 1, #state.s, 3 do
    left = left - state.s[at + column]
    if left <= room then return leaves_at(state, state.s[at], window) end
  end
  return now
end

local function all_free_at(state, column, window)
  for at = #state.s - 2, 1, -3 do
    if state.s[at + column] > 0 then return leaves_at(state, state.s[at], window) end
  end
  return now
end

-- Twice its meaning and a minute: an early end would free what was used.
local function slices_ttl_ms(window)
  return math.ceil(window / 500) + 60000
end
