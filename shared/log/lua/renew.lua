-- Keeps leases that one writer holds. Time is the server's. On a cluster, all of them must be of
-- one partition: all keys of a script have to be in one slot.
--
-- KEYS  a state for each lease
-- ARGV  1 lease in ms   then the term and the reign of each
--
-- Replies for each lease 1; or 0 if its term or its reign is another one by now; or what is wrong
-- with its key, in which case the others are still kept. Fails if nothing may be written.
--
-- A commit would find out about the reign as well, but only while somebody waits for it. The reign
-- in the state counts as well as the server: a slot that was on its way to another server, where a
-- script had begun a reign, may have been turned back.
local replication = this_replication()
local now = redis.call('TIME')
local till = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000) + tonumber(ARGV[1])
till = string.format('%d', till)
local found = {}
for i, state in ipairs(KEYS) do
  local held = redis.pcall('HMGET', state, 'term', 'reign')
  local term, reign = held[1], ARGV[2 * i + 1]
  if held.err then
    found[i] = held.err
  elseif term ~= ARGV[2 * i] or held[2] ~= reign or not is_of(reign, replication) then
    found[i] = 0
  else
    redis.call('HSET', state, 'until', till, 'lease', ARGV[1])
    found[i] = 1
  end
end
return found
