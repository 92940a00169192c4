-- Applies one transaction to one space, or nothing of it.
-- KEYS[1] meta (hash)  KEYS[2] values (hash)  KEYS[3] order (sorted set)  KEYS[4] changes (stream, entry <revision>-0)
-- KEYS[5] result of the transaction ID (string, expires)
-- ARGV[1] format  ARGV[2] time in the ID, ms  ARGV[3] how far it may be from now, ms  ARGV[4] how long results are kept, ms
-- ARGV[5] epoch the space must have; '' = any, and a missing space is made  ARGV[6] epoch of a space made here
-- ARGV[7] commits kept in changes, 0 = the space has no feed  ARGV[8] channel for hints
-- ARGV[9] '1' = WAIT follows: touch the result on a repeat, so that it covers it; after a failover begin a new run of revisions
-- ARGV[10] number of conditions, then key and version of each
-- then the number of writes, then operation ('p' put, 's' put stamped, 'd' delete), key and data of each
-- Reply: {'ok', revision, epoch, seconds, microseconds, replicas that follow closely, 0 = did not look} | {'conflict', key, ...} | {'stale'} | {'lost'} | {'format', found}
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function decimal(n) return string.format('%.0f', n) end

if math.abs(now - tonumber(ARGV[2])) > tonumber(ARGV[3]) then return {'stale'} end

local meta = redis.call('HMGET', KEYS[1], 'format', 'revision', 'epoch', 'primary')
local epoch = meta[3]
if meta[1] and tonumber(meta[1]) > tonumber(ARGV[1]) then return {'format', meta[1]} end
if ARGV[5] ~= '' and epoch ~= ARGV[5] then return {'lost'} end

local before = redis.call('GET', KEYS[5])
if before then
  if ARGV[9] == '1' then redis.call('PEXPIRE', KEYS[5], ARGV[4]) end
  local revision, s, us = string.match(before, '^(%d+) (%d+) (%d+)$')
  return {'ok', revision, epoch or '', s, us, 0}
end

local at = 11
local failed = {'conflict'}
for _ = 1, tonumber(ARGV[10]) do
  local value = redis.call('HGET', KEYS[2], ARGV[at])
  local version = value and string.sub(value, 1, string.find(value, ':', 1, true) - 1) or '0'
  if version ~= ARGV[at + 1] then failed[#failed + 1] = ARGV[at] end
  at = at + 2
end
if #failed > 1 then return failed end

local count = tonumber(ARGV[at])
if count == 0 then
  local revision = meta[2] or '0'
  if epoch then redis.call('SET', KEYS[5], revision .. ' ' .. time[1] .. ' ' .. time[2], 'PX', ARGV[4]) end
  return {'ok', revision, epoch or '', time[1], time[2], 0}
end

if not epoch then
  epoch = ARGV[6]
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'epoch', epoch)
end
local number, following = redis.call('HINCRBY', KEYS[1], 'revision', 1), 0
if ARGV[9] == '1' then
  -- Each primary has an id of its own. What the last one did after it was cut
  -- off is not here, but somebody may have seen it: none of its revisions may be
  -- used for something else.
  local info = redis.call('INFO', 'replication')
  local primary = string.match(info, 'master_replid:(%x+)') or ''
  following = tonumber(string.match(info, 'min_slaves_good_slaves:(%d+)') or '0')
  if meta[4] ~= primary then
    if meta[4] then number = redis.call('HINCRBY', KEYS[1], 'revision', 1048576) end
    redis.call('HSET', KEYS[1], 'primary', primary)
  end
end
local revision = decimal(number)
local entry = {}
at = at + 1
for i = 0, count - 1 do
  local op, key = ARGV[at], ARGV[at + 1]
  local changed = true
  if op == 'd' then
    changed = redis.call('HDEL', KEYS[2], key) == 1
    redis.call('ZREM', KEYS[3], key)
  else
    if op == 's' then key = key .. string.format('%016x%04x', number, i) end
    redis.call('HSET', KEYS[2], key, revision .. ':' .. ARGV[at + 2])
    redis.call('ZADD', KEYS[3], 0, key)
  end
  if changed then
    entry[#entry + 1] = key
    entry[#entry + 1] = ''
  end
  at = at + 3
end
if ARGV[7] ~= '0' then
  if #entry == 0 then entry = {'', ''} end
  redis.call('XADD', KEYS[4], 'MAXLEN', '=', ARGV[7], revision .. '-0', unpack(entry))
end
redis.call('SET', KEYS[5], revision .. ' ' .. time[1] .. ' ' .. time[2], 'PX', ARGV[4])
redis.pcall('PUBLISH', ARGV[8], revision)
return {'ok', revision, epoch, time[1], time[2], following}
