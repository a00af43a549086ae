-- Says from how many bytes a pad is read: its snapshot, and the revisions after it.
--
-- KEYS  1 meta  2 snapshot  3 revisions
-- ARGV  1 number of bytes at which to stop
-- Replies the sum. A key of a wrong type counts as empty: whoever reads the pad finds out.
local function found(reply, none)
  return type(reply) == 'table' and reply.err and none or reply or none
end

local total = found(redis.pcall('STRLEN', KEYS[2]), 0)
local after = found(redis.pcall('HGET', KEYS[1], 'snap'), '-1') .. '-1'
if string.sub(after, 1, 1) == '-' then after = '0-0' end
while total < tonumber(ARGV[1]) do
  local part = found(redis.pcall('XRANGE', KEYS[3], '(' .. after, '+', 'COUNT', 16), {})
  for i, entry in ipairs(part) do
    after = entry[1]
    for j, field in ipairs(entry[2]) do total = total + #field end
  end
  if #part < 16 then break end
end
return total
