-- Appends a chat message to a pad, and tells every worker with a socket on the pad.
--
-- KEYS  1 chat  2 meta      ARGV  1 channel  2 record  3 a unique name for this call
--                              4 what the workers are told of it
--                              5 how many of the newest messages this may be a repetition of
-- Replies the message's index, or -1 if there is no pad.
-- A call is repeated if its answer was lost; that is what the name is for. A message that was sent
-- once is stored once, even if it is the client who repeats it after a while.
if tonumber(redis.call('HGET', KEYS[2], 'head') or '-1') < 0 then return -1 end
local index = 0
for i, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[5])) do
  local at = tonumber(string.match(entry[1], '^%d+'))
  if i == 1 then index = at + 1 end
  for j = 1, #entry[2], 2 do
    if entry[2][j] == 'n' and entry[2][j + 1] == ARGV[3] then return at end
  end
end
redis.call('XADD', KEYS[1], string.format('%d-1', index), 'm', ARGV[2], 'n', ARGV[3])
redis.call('SPUBLISH', ARGV[1], 'C' .. string.format('%d', index) .. ' ' .. ARGV[4])
return index
