-- Puts a session among a pad's members and tells every worker with a socket on the pad.
--
-- KEYS  1 members  2 meta  3 seen
-- ARGV  1 channel  2 session  3 member record  4 author  5 order ('' for a new session)
-- Replies {order, epoch, epoch this author was last seen at ('' = never)}.
-- The order grows with each session of the pad: of two sessions of one author the later one stays.
local order = ARGV[5]
if order == '' then order = tostring(redis.call('HINCRBY', KEYS[2], 'sessions', 1)) end
local epoch = redis.call('HGET', KEYS[2], 'epoch') or '0'
local seen = redis.call('HGET', KEYS[3], ARGV[4]) or ''
redis.call('HSET', KEYS[3], ARGV[4], epoch)
redis.call('HSET', KEYS[1], ARGV[2], order .. ' ' .. ARGV[3])
redis.call('SPUBLISH', ARGV[1], 'J' .. order .. ' ' .. ARGV[3])
return {order, epoch, seen}
