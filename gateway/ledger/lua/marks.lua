-- Marks of a purse, in millionths of its sum: each is told once. book = {reserved, added, told, ...}; a
-- rolling one has told_at as well, when each was told, and one of the calendar `fallen`: marks that were told,
-- below which the standing was met since.
local function amount_at(mark, most)
  local rest = most % 1000000
  return mark * ((most - rest) / 1000000) + math.ceil(mark * rest / 1000000)
end

-- Add to a purse's sum, in full or not at all; what is kept never depends on the sum that somebody says.
local function top_up(counter, book, by)
  local sum = counter.spec[2] + book.added + by
  if sum < 0 or sum > MOST then return false end
  book.added = book.added + by
  return true
end

local function is_told(told, mark)
  for _, each in ipairs(told) do
    if each == mark then return true end
  end
  return false
end

local function reached_of(marks, most, taken)
  local found = {}
  for _, mark in ipairs(marks) do
    if amount_at(mark, most) <= taken then found[#found + 1] = mark end
  end
  return found
end

-- Marks that the standing has fallen below may be told again: at once, or where a window is said only when
-- that has passed since they were told. A clock that went back doesn't make it longer.
local function forget_above(book, most, taken, window)
  local kept, kept_at = {}, {}
  for place, mark in ipairs(book.told) do
    local at = book.told_at and math.min(book.told_at[place] or 0, now)
    if amount_at(mark, most) <= taken or (window and now < at + window) then
      kept[#kept + 1], kept_at[#kept_at + 1] = mark, at
    end
  end
  book.told = kept
  if book.told_at then book.told_at = kept_at end
  if book.fallen then book.fallen = reached_of(book.fallen, most, taken) end
end

-- A mark that was told of what is held, and isn't reached any more, is told of what is spent.
local function let_fall(book, most, taken)
  local told = reached_of(book.told, most, taken)
  if #told == #book.told then return end
  for _, mark in ipairs(book.told) do
    if not is_told(told, mark) then book.fallen[#book.fallen + 1] = mark end
  end
  book.told = told
end

local function without(marks, gone)
  local rest = {}
  for _, mark in ipairs(marks) do
    if mark ~= gone then rest[#rest + 1] = mark end
  end
  return rest
end

local function warn(counter, book, taken, resets_at, warnings)
  local most = within(counter.spec[2] + book.added)
  for _, mark in ipairs(counter.spec[4]) do
    local is_fallen = book.fallen and is_told(book.fallen, mark)
    local measure = is_fallen and book.spent or taken
    if not is_told(book.told, mark) and measure >= amount_at(mark, most) then
      if is_fallen then book.fallen = without(book.fallen, mark) end
      book.told[#book.told + 1] = mark
      if book.told_at then book.told_at[#book.told] = now end
      for _, number in ipairs({counter.place, mark, taken, most, resets_at}) do
        warnings[#warnings + 1] = number
      end
    end
  end
end
