-- Tells which slots are taken and when they were used, without touching them: the arithmetic of ratelimit.SlotState.Usage.
-- KEYS[1] taken, KEYS[2] uses: as in admit.lua  ARGV[1] ms added to the time (tests move it)  ARGV[2] keep, ms  ARGV[3] part, ms
-- Reply: {now in ms, slots taken, last use of each, the lowest first, then the last use of each slot in each part it was used in}
local time = redis.call('TIME')
local now = math.floor((tonumber(time[1]) * 1000000 + tonumber(time[2])) / 1000) + tonumber(ARGV[1])
local function decimal(n) return string.format('%.0f', n) end
local after, part = '(' .. decimal(now - tonumber(ARGV[2])), tonumber(ARGV[3])
local taken = redis.call('ZRANGEBYSCORE', KEYS[1], after, '+inf', 'WITHSCORES')
local reply, missing = {decimal(now), #taken / 2}, {}
for i = 1, #taken, 2 do
  local last = tonumber(taken[i + 1])
  reply[#reply + 1] = decimal(last)
  missing[taken[i]] = {part = math.floor(last / part), last = last}
end
local uses = redis.call('ZRANGEBYSCORE', KEYS[2], after, '+inf', 'WITHSCORES')
for i = 1, #uses, 2 do
  local at, slot = string.match(uses[i], '^(%d+) (.*)$')
  local of = missing[slot]
  if of then
    reply[#reply + 1] = decimal(tonumber(uses[i + 1]))
    if tonumber(at) == of.part then of.known = true end
  end
end
for _, of in pairs(missing) do
  if not of.known then reply[#reply + 1] = decimal(of.last) end -- written before uses were
end
return reply
