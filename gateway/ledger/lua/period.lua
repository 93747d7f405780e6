-- So much money in a period of the calendar. spec = {PERIOD, sum, hard, marks}; the state is a list of
-- periods {start, end, spent, reserved, added, sum, carried, told, fallen}: this one, the one before for
-- what it left, and those into which a call in flight will settle.
local period = {}

local function opened(row)
  return {start = row[1], till = row[2], spent = row[3], reserved = row[4], added = row[5], sum = row[6],
    carried = row[7], told = row[8], fallen = row[9] or {}}
end

local function find(counter, start)
  for _, book in ipairs(counter.books) do
    if book.start == start then return book end
  end
end

-- bounds are the ends of three periods around the caller's clock: the one before, its own, the one after.
function period.open(counter)
  counter.books = {}
  for at, row in ipairs(read(counter.key) or {}) do counter.books[at] = opened(row) end
  local bounds = counter.bounds
  if not bounds then return end
  for at = 1, #bounds - 1 do
    if bounds[at] <= now and now < bounds[at + 1] then
      counter.book = find(counter, bounds[at])
      counter.is_known = counter.book ~= nil
      for _, book in ipairs(counter.books) do
        if book.till == bounds[at] then counter.is_known = true end
      end
      if not counter.book then
        counter.book = opened({bounds[at], bounds[at + 1], 0, 0, 0, counter.spec[2], 0, {}, {}})
        counter.books[#counter.books + 1] = counter.book
      end
      return
    end
  end
  counter.is_elsewhere = true
end

local function taken_of(book)
  return within(book.spent + book.reserved)
end

local function fall(counter, book)
  if counter.spec then let_fall(book, within(counter.spec[2] + book.added), taken_of(book)) end
end

function period.refuses(counter, amount)
  local book, asked = counter.book, amount[3]
  if counter.spec[3] == 0 or asked == 0 then return end
  if taken_of(book) + asked <= within(counter.spec[2] + book.added) then return end
  return {quantity = 1, asked = asked, retry = asked > counter.spec[2] and -1 or book.till}
end

function period.take(counter, amount, holder, warnings)
  local book = counter.book
  book.sum = counter.spec[2]
  fall(counter, book)
  book.reserved = within(book.reserved + amount[3])
  warn(counter, book, taken_of(book), book.till, warnings)
end

-- Into the period in which it was reserved, also after its end.
function period.settle(counter, record, entry, actual, warnings)
  local book = find(counter, entry[3])
  if not book then return end
  fall(counter, book)
  if record.state == HELD then
    book.reserved = within(book.reserved - record.amount[3])
    book.spent = within(book.spent + actual[3])
  else
    book.spent = within(book.spent + actual[3] - record.amount[3])
  end
  if counter.spec then warn(counter, book, taken_of(book), book.till, warnings) end
end

function period.expire(counter, record, entry)
  local book = find(counter, entry[3])
  if not book then return end
  book.reserved = within(book.reserved - record.amount[3])
  book.spent = within(book.spent + record.amount[3])
end

-- Kept: what isn't over, what was just before it, and where something is still reserved.
function period.save(counter)
  local rows, present, last = {}, counter.book and counter.book.start, now
  for _, book in ipairs(counter.books) do
    if not present or book.till >= present or book.reserved > 0 then
      rows[#rows + 1] = {book.start, book.till, book.spent, book.reserved, book.added, book.sum, book.carried,
        book.told, book.fallen}
      last = math.max(last, book.till + (book.till - book.start))
    end
  end
  write(counter.key, rows, math.ceil((last - now) / 1000) + 3 * DAY_MS)
end

function period.stand(counter, out)
  local book = counter.book
  out[#out + 1] = within(counter.spec[2] + book.added)
  out[#out + 1] = book.spent
  out[#out + 1] = book.reserved
  out[#out + 1] = book.till
end

-- False if it could be done in part only: then nothing is.
function period.correct(counter, kind, by)
  local book = counter.book
  if kind == 'reset' then
    book.spent = 0
  elseif kind == 'top_up' then
    if not top_up(counter, book, by) then return false end
  elseif book.carried == 0 then
    local left = 0
    for _, before in ipairs(counter.books) do
      if before.till == book.start then left = within(within(before.sum + before.added) - before.spent) end
    end
    if not top_up(counter, book, left) then return false end
    book.carried = 1
  end
  forget_above(book, within(counter.spec[2] + book.added), taken_of(book))
  return true
end
