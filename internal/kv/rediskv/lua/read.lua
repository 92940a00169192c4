-- Reads keys and scans of one space at one revision.
-- KEYS[1] meta (hash)  KEYS[2] values (hash: key -> "<version>:<data>")  KEYS[3] order (sorted set of keys, all scores 0)
-- ARGV[1] replicas that must follow closely (min-replicas-max-lag), 0 = do not look
-- ARGV[2] number of keys n  ARGV[3..n+2] the keys
-- then four for each scan: 'f' or 'r' (reverse), low and high as lex range ends, limit
-- Reply: {format, revision, epoch, seconds, microseconds, {value or nil, ...}, {{key, value, ...}, ...}}
local CHUNK = 1000 -- unpack has a limited stack

local function values(keys, put)
  for i = 1, #keys, CHUNK do
    local last = math.min(i + CHUNK - 1, #keys)
    local got = redis.call('HMGET', KEYS[2], unpack(keys, i, last))
    for j = 1, last - i + 1 do put(keys[i + j - 1], got[j]) end
  end
end

local need = tonumber(ARGV[1])
if need > 0 then
  local good = string.match(redis.call('INFO', 'replication'), 'min_slaves_good_slaves:(%d+)')
  if tonumber(good or '0') < need then return redis.error_reply('NOREPLICAS this may not be the primary any more') end
end
local time = redis.call('TIME')
local meta = redis.call('HMGET', KEYS[1], 'format', 'revision', 'epoch')
local n = tonumber(ARGV[2])
local wanted, found, scans = {}, {}, {}
for i = 1, n do wanted[i] = ARGV[i + 2] end
values(wanted, function(_, value) found[#found + 1] = value end)
for i = n + 3, #ARGV, 4 do
  local low, high, limit = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local keys
  if ARGV[i] == 'r' then
    keys = redis.call('ZREVRANGEBYLEX', KEYS[3], high, low, 'LIMIT', 0, limit)
  else
    keys = redis.call('ZRANGEBYLEX', KEYS[3], low, high, 'LIMIT', 0, limit)
  end
  local flat = {}
  values(keys, function(key, value)
    flat[#flat + 1] = key
    flat[#flat + 1] = value
  end)
  scans[#scans + 1] = flat
end
return {meta[1], meta[2], meta[3], time[1], time[2], found, scans}
