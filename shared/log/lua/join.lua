-- Puts a session among a pad's members, and tells every worker with a socket on the pad.
--
-- KEYS  1 members  2 meta  3 seen  4 seen before  5 state  6 inbox
-- ARGV  1 channel  2 session  3 member record  4 author  5 order ('' for a new session)
--       6 'new' to note that the author has seen the pad as it is now
--       7 8 a fence for the inbox, if one is wanted: the parts before and after its order
-- Replies {order, epoch, which history this author was last on ('' = none, else epoch and reign),
-- this reign, the pad's reigns, ID of the fence ('' = none)}.
-- The order grows with each session of the pad: of two sessions of one author, the later one stays.
local order = ARGV[5]
if order == '' then order = tostring(redis.call('HINCRBY', KEYS[2], 'sessions', 1)) end
local meta = redis.call('HMGET', KEYS[2], 'epoch', 'head', 'reigns')
local epoch, reign = meta[1] or '0', this_reign(KEYS[5], meta[3] or '')
local reigns = record_reign(KEYS[2], reign, meta[2] or '-1', meta[3] or '')
local seen = seen_by(KEYS[3], KEYS[4], ARGV[4])
if ARGV[6] == 'new' then note_seen(KEYS[3], KEYS[4], ARGV[4], epoch .. ' ' .. reign) end
redis.call('HSET', KEYS[1], ARGV[2], order .. ' ' .. ARGV[3])
redis.call('SPUBLISH', ARGV[1], 'J' .. order .. ' ' .. ARGV[3])
local fence = ''
if ARGV[7] then
  fence = redis.call('XADD', KEYS[6], '*', 'e', ARGV[7] .. cmsgpack.pack(tonumber(order)) .. ARGV[8])
end
return {order, epoch, seen, reign, reigns, fence}
