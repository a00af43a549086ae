-- This is put before the scripts that need it.
--
-- The trace of a pad on its way between Redis and the cold store is "<way> <epoch> <edition>
-- <reign> <ms>". Without the time, it identifies the move; the time is for whoever clears away old
-- traces.
local function way_of(trace)
  return string.match(trace, '^(.*) %d+$') or trace
end

