-- Put before the scripts that need it.
--
-- A reign is one server's stay as primary: its process and its replication id together change at
-- every restart, promotion and return. Replication is asynchronous, so a new reign may begin with
-- less than the old one had shown.
local function this_reign()
  local info = redis.call('INFO', 'server', 'replication')
  return string.sub(string.match(info, 'run_id:(%x+)'), 1, 12)
    .. string.sub(string.match(info, 'master_replid:(%x+)'), 1, 12)
end

-- Puts this reign on a pad's record, with the head that the pad had when it began: what came before
-- is shared by both reigns. The oldest are dropped; whoever saw the pad under one of them reloads.
local function record_reign(meta, reign, head, reigns)
  local known = {}
  for entry in string.gmatch(reigns, '%S+') do known[#known + 1] = entry end
  if #known > 0 and string.match(known[#known], '^[^:]+') == reign then return reigns end
  known[#known + 1] = reign .. ':' .. head
  local first = math.max(1, #known - 15)
  local record = table.concat(known, ' ', first)
  redis.call('HSET', meta, 'reigns', record)
  return record
end

