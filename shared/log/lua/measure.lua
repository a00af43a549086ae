-- Says how large the next entries of an inbox are, for a caller that could not read them.
--
-- KEYS  1 inbox
-- ARGV  1 position  2 maximum number of entries  3 number of bytes at which to stop
--       4 bytes of each entry to show
-- Replies {{id, bytes, its first bytes}, …}.
local found, after, total = {}, ARGV[1], 0
while #found < tonumber(ARGV[2]) and total < tonumber(ARGV[3]) do
  local entry = redis.call('XRANGE', KEYS[1], '(' .. after, '+', 'COUNT', 1)[1]
  if not entry then break end
  local size = 0
  for i, part in ipairs(entry[2]) do size = size + #part end
  after, total = entry[1], total + size
  found[#found + 1] = {after, size, string.sub(entry[2][2] or '', 1, tonumber(ARGV[4]))}
end
return found
