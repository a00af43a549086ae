-- Puts a history that was staged under temporary keys in a pad's place, in one step.
--
-- KEYS  1 state  2 meta  3 to 6 fences, members, seen, seen before, which belong to the old history
--       7 onwards: pairs of a temporary key and the key that it becomes; first the revisions, then
--       the chunks, then the snapshot, the chat and the saved revisions
-- ARGV  1 reign  2 channel  3 'replace'; or 'new' to leave a pad that exists as it is; or the head
--       that the pad must have, so that nothing written since is lost: its chat stays then, unless
--       'chat' precedes the head
--       4 the epoch that the pad has  5 the epoch that begins, higher than any before
--       6 head  7 staged revisions  8 staged chunks  9 onwards: meta fields and values
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
-- What is staged expires after a while; a part of it must not be taken for the whole.
if redis.call('XLEN', KEYS[7]) ~= tonumber(ARGV[7])
  or redis.call('HLEN', KEYS[9]) ~= tonumber(ARGV[8])
  or redis.call('EXISTS', KEYS[11]) == 0 then
  return {'staged'}
end

local there_was = tonumber(meta[1] or '-1') >= 0
for i = 8, #KEYS, 2 do there_was = there_was or redis.call('EXISTS', KEYS[i]) == 1 end
redis.call('UNLINK', unpack(KEYS, 2, 6))
for i = 7, #KEYS, 2 do
  -- The chat is the fourth of the staged keys.
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
-- is a backup made a moment ago. Now that its term is over, nothing that it does from memory is
-- accepted: it takes the lease again within a sixth of the lease time, and reads what is stored. If
-- nothing was stored of the pad, its neighbours need not wait for that: the writer looks again for
-- a pad that it did not find, and what it has read before this is refused because of the head.
if there_was then next_term(KEYS[1]) end
redis.call('SPUBLISH', ARGV[2], 'N' .. ARGV[5])
return {'ok'}
