-- Takes or gives back the lease of a partition. Time is the server's, so the clocks of
-- the writers do not matter.
--
-- KEYS  1 state
-- ARGV  1 verb: acquire | release   2 owner   3 term ('' for acquire)   4 lease in ms
--       5 the reign of the partition that the owner knows of ('' = none)
--
-- A lease cannot run for longer than it is long. One that seems to was given by a clock that was
-- ahead of this one, before a fail-over: its owner renews it within a moment if it still lives, and
-- until then it does not count.
--
-- acquire replies {term, position, reign, channels not told of the last commit}, or {0, owner, ms
-- left} while somebody else holds it. The term grows each time the lease is taken, also by the one
-- who holds it: whoever has reason to take it anew must read the state anew. release replies 1, or 0
-- when the term has passed on. (A lease is kept by renew.lua.)
local state, verb, owner, term, lease = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local now = redis.call('TIME')
local now_ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
local held = redis.call('HMGET', state, 'term', 'owner', 'until', 'position', 'untold', 'lease')

if verb == 'acquire' then
  local left = tonumber(held[3] or '0') - now_ms
  local length = tonumber(held[6] or '') or lease
  if left > 0 and left <= length and held[2] ~= owner then return {0, held[2], left} end
  if not held[1] and ARGV[5] ~= '' then begin_anew(state) end
  local reign = this_reign(state)
  local taken = next_term(state)
  redis.call('HSET', state, 'owner', owner, 'until', string.format('%d', now_ms + lease),
    'lease', ARGV[4])
  local untold = held[5] and cmsgpack.unpack(held[5]) or {}
  return {taken, held[4] or '0-0', reign, untold}
end

if held[1] ~= term then return 0 end
redis.call('HSET', state, 'until', '0', 'lease', ARGV[4])
return 1
