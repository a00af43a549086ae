-- Put before the scripts that need it.
--
-- The trace of a pad on its way between Redis and the cold store: "<way> <epoch> <edition> <reign>
-- <ms>". Without the time, it says which pad that is; the time is for who clears away.
local function way_of(trace)
  return string.match(trace, '^(.*) %d+$') or trace
end

