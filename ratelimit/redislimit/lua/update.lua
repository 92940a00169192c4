-- Judges one gallery update of one link: the arithmetic of ratelimit.UpdateState.
-- Both keys are under the link's hash tag and expire an hour after the last update would.
-- KEYS[1] log (sorted set: "<microseconds> <visit>" by ms)  KEYS[2] visits (sorted set: visit by its last counted update, ms)
-- ARGV[1] visit  ARGV[2] '1' = only look  ARGV[3] budget  ARGV[4] window, ms  ARGV[5] repeat, ms  ARGV[6] ms added to the time (tests move it)
-- Reply: {allowed 0|1, used, ms when the next one frees or 0, now in ms, counted 0|1}
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(ARGV[6]) * 1000
local now = math.floor(micros / 1000)
local visit, peek = ARGV[1], ARGV[2] == '1'
local budget, window, again = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local function decimal(n) return string.format('%.0f', n) end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', decimal(now - window))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', decimal(now - again))

local counted = 0
local allowed = redis.call('ZSCORE', KEYS[2], visit) ~= false
if not allowed and redis.call('ZCARD', KEYS[1]) < budget then
  allowed = true
  if not peek then
    counted = 1
    redis.call('ZADD', KEYS[1], decimal(now), decimal(micros) .. ' ' .. visit)
    redis.call('ZADD', KEYS[2], decimal(now), visit)
    redis.call('PEXPIRE', KEYS[1], decimal(window + 3600000))
    redis.call('PEXPIRE', KEYS[2], decimal(again + 3600000))
  end
end

local used = redis.call('ZCARD', KEYS[1])
local free = '0'
if used > 0 then free = decimal(tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) + window) end
return {allowed and 1 or 0, used, free, decimal(now), counted}
