-- How large the next entries of an inbox are, for who could not read them.
--
-- KEYS  1 inbox
-- ARGV  1 position  2 entries at most  3 bytes after which it is enough  4 bytes of each to show
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
