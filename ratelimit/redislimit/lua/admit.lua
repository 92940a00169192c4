-- Judges one guest of one link: the arithmetic of ratelimit.SlotState.
-- All keys are under the link's hash tag and expire an hour after the last slot would.
-- KEYS[1] taken (sorted set: address prefix by last use, ms)
-- KEYS[2] visits (hash: visit -> "<last use, ms> <address prefix of its slot>")
-- KEYS[3] queue (sorted set: visit by arrival, microseconds)
-- KEYS[4] heard (sorted set: visit by when it was last heard, ms)  KEYS[5] where (hash: visit that waits -> address prefix)
-- KEYS[6] uses (sorted set: "<part of the window> <address prefix>" by last use in that part, ms)
-- ARGV[1] visit  ARGV[2] address prefix  ARGV[3] '1' = only look  ARGV[4] slots  ARGV[5] keep, ms
-- ARGV[6] present, ms  ARGV[7] most visits and waiters remembered  ARGV[8] ms added to the time (tests move it)
-- ARGV[9] length of a part of the window, ms
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
redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', decimal(now - keep))

local slot
local bound = redis.call('HGET', KEYS[2], visit)
if bound then
  local last, where = split(bound)
  if last > now - keep and has(where) then slot = where end
end
if not slot and has(ip) then slot = ip end

local function leave(waiter)
  redis.call('ZREM', KEYS[3], waiter)
  redis.call('ZREM', KEYS[4], waiter)
  redis.call('HDEL', KEYS[5], waiter)
end

-- Other addresses without a slot that wait before us, counted up to enough.
local function ahead(enough)
  local CHUNK = 32
  local seen, count, from = {}, 0, 0
  while count < enough do
    local waiters = redis.call('ZRANGE', KEYS[3], from, from + CHUNK - 1)
    if #waiters == 0 then break end
    local where = redis.call('HMGET', KEYS[5], unpack(waiters))
    for i, other in ipairs(waiters) do
      local address = where[i]
      if other == visit or address == ip then return count end
      if address and not seen[address] and not has(address) then
        seen[address] = true
        count = count + 1
      end
    end
    from = from + CHUNK
  end
  return count
end

local place = 0
if not slot and not peek then
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', '(' .. decimal(now - present))) do leave(gone) end
  local waiting = redis.call('ZCARD', KEYS[3])
  if waiting < most or redis.call('ZSCORE', KEYS[3], visit) then
    redis.call('ZADD', KEYS[3], 'NX', decimal(micros), visit)
    redis.call('ZADD', KEYS[4], decimal(now), visit)
    redis.call('HSET', KEYS[5], visit, ip)
  end
  local free = slots - redis.call('ZCARD', KEYS[1])
  if free > 0 and ahead(free) < free then
    slot = ip
  else
    place = (redis.call('ZRANK', KEYS[3], visit) or waiting) + 1
  end
end

if slot and not peek then
  redis.call('ZADD', KEYS[1], decimal(now), slot)
  redis.call('ZADD', KEYS[6], decimal(now), decimal(math.floor(now / tonumber(ARGV[9]))) .. ' ' .. slot)
  redis.call('HSET', KEYS[2], visit, decimal(now) .. ' ' .. slot)
  leave(visit)
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
  for i = 1, 6 do redis.call('PEXPIRE', KEYS[i], decimal(keep + 3600000)) end
end

local taken = redis.call('ZCARD', KEYS[1])
local free = '0'
if taken >= slots then
  free = decimal(tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) + keep)
end
return {slot and 1 or 0, taken, place, free, decimal(now)}
