-- Takes or gives back the lease of a partition. Time is the server's, so the clocks of the writers
-- do not matter.
--
-- KEYS  1 state  2 witnesses
-- ARGV  1 verb: acquire | release   2 owner   3 term ('' for acquire)   4 lease in ms
--       5 the reign of the partition that the owner knows of ('' = as far as it knows, none)
--
-- A lease cannot run for longer than its full length. One that seems to was given by a clock that
-- was ahead of this one, before a fail-over. Its owner, if still alive, renews it within a moment,
-- and until then it does not count.
--
-- acquire replies {term, position, reign, channels not told of the last commit}, or {0, owner, ms
-- left} while somebody else holds the lease. The term grows each time the lease is taken, even by
-- the writer that holds it: a writer with a reason to take it again must read the state again.
-- release replies 1, or 0 if the term is another one by now. (renew.lua keeps a lease.)
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
  if redis.call('HGET', state, 'witnessed') ~= string.format('%d', taken) then
    -- The partition was another's since, who keeps no witnesses: they may be of pads long gone.
    redis.call('UNLINK', KEYS[2])
    redis.call('HSET', state, 'witnessed', string.format('%d', taken))
  end
  redis.call('HSET', state, 'owner', owner, 'until', string.format('%d', now_ms + lease),
    'lease', ARGV[4])
  local untold = held[5] and cmsgpack.unpack(held[5]) or {}
  return {taken, held[4] or '0-0', reign, untold}
end

if held[1] ~= term then return 0 end
redis.call('HSET', state, 'until', '0', 'lease', ARGV[4])
return 1
