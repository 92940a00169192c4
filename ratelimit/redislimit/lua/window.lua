-- Tells what of a sorted set by ms is still in its window, without touching it.
-- KEYS[1] the set  ARGV[1] ms added to the time (tests move it)  ARGV[2] window, ms
-- Reply: {now in ms, score of each member in the window, the lowest first}
local time = redis.call('TIME')
local now = math.floor((tonumber(time[1]) * 1000000 + tonumber(time[2])) / 1000) + tonumber(ARGV[1])
local reply = {string.format('%.0f', now)}
local all = redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now - tonumber(ARGV[2])), '+inf', 'WITHSCORES')
for i = 2, #all, 2 do reply[#reply + 1] = string.format('%.0f', tonumber(all[i])) end
return reply
