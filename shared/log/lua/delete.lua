-- Deletes a pad, and moves the inbox position with it. Only its meta stays, with the next epoch and
-- the session counter, so that nobody who still has the old history can continue with it (I5).
--
-- KEYS  1 state  2 witnesses  3 meta  4 onwards: every other key of the pad
-- ARGV  1 term  2 expected position  3 new position  4 channel  5 next epoch  6 reign
--       7 key among the witnesses
-- Replies as commit.lua does.
local reign = this_reign(KEYS[1])
if reign ~= ARGV[6] then return {'reign', reign} end
local held = redis.call('HMGET', KEYS[1], 'term', 'position')
if held[1] ~= ARGV[1] then return {'term', held[1] or ''} end
local position = held[2] or '0-0'
if position ~= ARGV[2] then return {'position', position} end
local sessions = redis.call('HGET', KEYS[3], 'sessions') or '0'
redis.call('DEL', unpack(KEYS, 3))
bear_witness(KEYS[2], ARGV[7], '')
redis.call('HSET', KEYS[3], 'head', '-1', 'epoch', ARGV[5], 'sessions', sessions)
redis.call('SPUBLISH', ARGV[4], 'D' .. ARGV[5])
redis.call('HSET', KEYS[1], 'position', ARGV[3], 'told', ARGV[3])
return {'ok'}
