-- Takes one node's totals of a link's viewing sessions: the arithmetic of ratelimit.HoursState.
-- All keys are under the link's hash tag and expire an hour after the window of the last report.
-- KEYS[1] buckets (hash: beginning, ms -> viewing, ms)  KEYS[2] index (sorted set: beginning by itself)
-- KEYS[3] sum (string: of all buckets)  KEYS[4] totals (hash: session -> viewing, ms)
-- KEYS[5] seen (sorted set: session by last report, ms)  KEYS[6] addresses (sorted set: prefix by last seen, ms)
-- ARGV[1] ms added to the time (tests move it)  ARGV[2] window, ms  ARGV[3] bucket, ms  ARGV[4] budget, ms
-- ARGV[5] most addresses  ARGV[6] '1' = every bucket in the reply  ARGV[7..] session, total in ms, prefix; and so on
-- Reply: {viewing in the window, ms when it falls under the budget or 0, now in ms, addresses[, beginning, viewing …]}
local time = redis.call('TIME')
local now = math.floor((tonumber(time[1]) * 1000000 + tonumber(time[2])) / 1000) + tonumber(ARGV[1])
local window, width, budget, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local function decimal(n) return string.format('%.0f', n) end

for _, b in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', decimal(now - window))) do
  redis.call('DECRBY', KEYS[3], redis.call('HGET', KEYS[1], b) or '0')
  redis.call('HDEL', KEYS[1], b)
  redis.call('ZREM', KEYS[2], b)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', decimal(now - window))) do
  redis.call('HDEL', KEYS[4], id)
  redis.call('ZREM', KEYS[5], id)
end
redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', decimal(now - window))

local bucket = decimal(now - now % width)
for i = 7, #ARGV, 3 do
  local id, total, from = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
  if id ~= '' then
    local more = total - tonumber(redis.call('HGET', KEYS[4], id) or '0')
    if more > 0 then
      redis.call('HINCRBY', KEYS[1], bucket, decimal(more))
      redis.call('ZADD', KEYS[2], bucket, bucket)
      redis.call('INCRBY', KEYS[3], decimal(more))
      redis.call('HSET', KEYS[4], id, decimal(total))
    end
    redis.call('ZADD', KEYS[5], decimal(now), id)
  end
  if from ~= '' and (redis.call('ZSCORE', KEYS[6], from) or redis.call('ZCARD', KEYS[6]) <= most) then
    redis.call('ZADD', KEYS[6], decimal(now), from)
  end
end
if #ARGV > 6 then
  for i = 1, 6 do redis.call('PEXPIRE', KEYS[i], decimal(window + 3600000)) end
end

local sum = tonumber(redis.call('GET', KEYS[3]) or '0')
local free = '0'
if sum >= budget then
  local left = sum
  for _, b in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    left = left - tonumber(redis.call('HGET', KEYS[1], b))
    if left < budget then
      free = decimal(tonumber(b) + window)
      break
    end
  end
end
local reply = {decimal(sum), free, decimal(now), redis.call('ZCARD', KEYS[6])}
if ARGV[6] == '1' then
  for _, b in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    reply[#reply + 1] = b
    reply[#reply + 1] = redis.call('HGET', KEYS[1], b)
  end
end
return reply
