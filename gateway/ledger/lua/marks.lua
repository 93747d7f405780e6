-- Marks of a purse, in millionths of its sum: each is told once. book = {reserved, added, told, ...}.
local function amount_at(mark, most)
  local rest = most % 1000000
  return mark * ((most - rest) / 1000000) + math.ceil(mark * rest / 1000000)
end

-- Add to a purse's sum as it is now; what is taken away leaves at least nothing.
local function top_up(counter, book, by)
  local least = -counter.spec[2]
  book.added = math.max(least, math.min(math.max(least, book.added) + by, MOST))
end

local function is_told(told, mark)
  for _, each in ipairs(told) do
    if each == mark then return true end
  end
  return false
end

-- Marks that the standing has fallen below may be told again.
local function forget_above(book, most, taken)
  local kept = {}
  for _, mark in ipairs(book.told) do
    if amount_at(mark, most) <= taken then kept[#kept + 1] = mark end
  end
  book.told = kept
end

local function warn(counter, book, taken, resets_at, warnings)
  local most = within(counter.spec[2] + book.added)
  for _, mark in ipairs(counter.spec[4]) do
    if not is_told(book.told, mark) and taken >= amount_at(mark, most) then
      book.told[#book.told + 1] = mark
      for _, number in ipairs({counter.place, mark, taken, most, resets_at}) do
        warnings[#warnings + 1] = number
      end
    end
  end
end
