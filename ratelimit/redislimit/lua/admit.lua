-- Judges one guest of one link: the arithmetic of ratelimit.SlotState.
-- All keys are under the link's hash tag and expire an hour after the last slot would.
-- KEYS[1] taken (sorted set: address prefix by last use, ms)
-- KEYS[2] visits (hash: visit -> "<last use, ms> <address prefix of its slot>")
-- KEYS[3] queue (sorted set: visit by arrival, microseconds)
-- KEYS[4] heard (hash: visit -> "<last heard, ms> <address prefix>")
-- ARGV[1] visit  ARGV[2] address prefix  ARGV[3] '1' = only look  ARGV[4] slots  ARGV[5] keep, ms
-- ARGV[6] present, ms  ARGV[7] most visits and waiters remembered  ARGV[8] ms added to the time (tests move it)
-- Reply: {admitted 0|1, taken, place in the queue or 0, ms when the next slot frees or 0, now in ms}
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2]) + tonumber(ARGV[8]) * 1000
local now = math.floor(micros / 1000)
local visit, ip, peek = ARGV[1], ARGV[2], ARGV[3] == '1'
local slots, keep, present, most = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local function decimal(n) return string.format('%.0f', n) end
local function split(s)
  local at, rest = string.match(s, '^(%d+) (.*)$')
  return tonumber(at), rest
end
local function has(address) return redis.call('ZSCORE', KEYS[1], address) ~= false end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', decimal(now - keep))

local slot
local bound = redis.call('HGET', KEYS[2], visit)
if bound then
  local last, where = split(bound)
  if last > now - keep and has(where) then slot = where end
end
if not slot and has(ip) then slot = ip end

local place = 0
if not slot and not peek then
  local heard, here = {}, {}
  local all = redis.call('HGETALL', KEYS[4])
  for i = 1, #all, 2 do
    local at, where = split(all[i + 1])
    if at < now - present then
      redis.call('HDEL', KEYS[4], all[i])
      redis.call('ZREM', KEYS[3], all[i])
    else
      heard[all[i]] = where
    end
  end
  if heard[visit] or redis.call('ZCARD', KEYS[3]) < most then
    redis.call('ZADD', KEYS[3], 'NX', decimal(micros), visit)
    redis.call('HSET', KEYS[4], visit, decimal(now) .. ' ' .. ip)
    heard[visit] = ip
  end
  local ahead = 0
  for _, other in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    local where = heard[other]
    if other == visit or where == ip then break end
    if where and not here[where] and not has(where) then
      here[where] = true
      ahead = ahead + 1
    end
  end
  if ahead < slots - redis.call('ZCARD', KEYS[1]) then
    slot = ip
  else
    place = ahead + 1
  end
end

if slot and not peek then
  redis.call('ZADD', KEYS[1], decimal(now), slot)
  redis.call('HSET', KEYS[2], visit, decimal(now) .. ' ' .. slot)
  redis.call('ZREM', KEYS[3], visit)
  redis.call('HDEL', KEYS[4], visit)
  if redis.call('HLEN', KEYS[2]) > most then
    local all, count = redis.call('HGETALL', KEYS[2]), 0
    local oldest, since
    for i = 1, #all, 2 do
      local at = split(all[i + 1])
      if at <= now - keep then
        redis.call('HDEL', KEYS[2], all[i])
      else
        count = count + 1
        if not since or at < since or at == since and all[i] < oldest then oldest, since = all[i], at end
      end
    end
    if count > most then redis.call('HDEL', KEYS[2], oldest) end
  end
end
if not peek then
  for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], decimal(keep + 3600000)) end
end

local taken = redis.call('ZCARD', KEYS[1])
local free = '0'
if taken >= slots then
  free = decimal(tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) + keep)
end
return {slot and 1 or 0, taken, place, free, decimal(now)}
