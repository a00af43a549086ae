-- Puts a history that was brought beside a pad into the pad's place, in one step.
--
-- KEYS  1 state  2 meta  3 to 6 fences, members, seen, seen before, which are of the old history
--       7 onwards: where something was brought, and where it belongs; first the revisions, then
--       the chunks, then the snapshot
-- ARGV  1 reign  2 channel  3 'replace', or 'new' to leave a pad that exists as it is, or the head
--         that the pad must have, so that nothing is lost that was written since; its chat stays
--         then, unless 'chat' stands before the head
--       4 the epoch that the pad has  5 the epoch that begins, higher than any before
--       6 head  7 revisions brought  8 chunks brought  9 onwards: meta fields and values
--
-- Replies {'ok'}, or why nothing was done: {'reign', current}, {'exists'}, {'epoch', current},
-- {'head', current}, {'staged'}.
local reign = this_reign(KEYS[1])
if reign ~= ARGV[1] then return {'reign', reign} end
local meta = redis.call('HMGET', KEYS[2], 'head', 'epoch', 'sessions')
if ARGV[3] == 'new' and tonumber(meta[1] or '-1') >= 0 then return {'exists'} end
if (meta[2] or '0') ~= ARGV[4] then return {'epoch', meta[2] or '0'} end
local keeps_chat = tonumber(ARGV[3]) ~= nil
local only_at = tonumber(string.match(ARGV[3], '^c?h?a?t?(%d+)$') or '')
if only_at and tonumber(meta[1] or '-1') ~= only_at then return {'head', meta[1] or '-1'} end
-- What is brought expires when it is not fetched; a part of it must not pass for the whole.
if redis.call('XLEN', KEYS[7]) ~= tonumber(ARGV[7])
  or redis.call('HLEN', KEYS[9]) ~= tonumber(ARGV[8])
  or redis.call('EXISTS', KEYS[11]) == 0 then
  return {'staged'}
end

local there_was = tonumber(meta[1] or '-1') >= 0
for i = 8, #KEYS, 2 do there_was = there_was or redis.call('EXISTS', KEYS[i]) == 1 end
redis.call('UNLINK', unpack(KEYS, 2, 6))
for i = 7, #KEYS, 2 do
  -- The chat is the fourth of what is brought.
  if not (keeps_chat and i == 13) then redis.call('UNLINK', KEYS[i + 1]) end
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('RENAME', KEYS[i], KEYS[i + 1])
    redis.call('PERSIST', KEYS[i + 1])
  end
end
redis.call('HSET', KEYS[2], 'head', ARGV[6], 'epoch', ARGV[5], 'sessions', meta[3] or '0',
  unpack(ARGV, 9))
record_reign(KEYS[2], reign, ARGV[6], '')
-- The writer of the partition may have the old pad in memory, with the same head and chain if this
-- is a backup of a moment ago. With its term gone, nothing that it does from memory is taken: it
-- takes the lease anew within a sixth of the lease time, and reads what is there. Where nothing is
-- stored of a pad, the neighbours need not wait for that: the writer looks again for what it did not
-- find, and what it has read before this is refused by the head.
if there_was then next_term(KEYS[1]) end
redis.call('SPUBLISH', ARGV[2], 'N' .. ARGV[5])
return {'ok'}
