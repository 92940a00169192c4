-- Tells which visits were admitted on a slot that is still taken, without touching anything.
-- KEYS[1] taken, KEYS[2] visits: as in admit.lua  ARGV[1] ms added to the time (tests move it)  ARGV[2] keep, ms
-- Reply: {visit, …}
local time = redis.call('TIME')
local now = math.floor((tonumber(time[1]) * 1000000 + tonumber(time[2])) / 1000) + tonumber(ARGV[1])
local over = now - tonumber(ARGV[2])
local reply = {}
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local slot = string.match(all[i + 1], '^%d+ (.*)$')
  local last = slot and redis.call('ZSCORE', KEYS[1], slot)
  if last and tonumber(last) > over then reply[#reply + 1] = all[i] end
end
return reply
