-- Lists keys changed after a revision, with their newest values.
-- KEYS[1] meta (hash)  KEYS[2] values (hash)  KEYS[3] changes (stream, entry <revision>-0, a field for each key; '' is none)
-- ARGV[1] revision after which  ARGV[2] limit in keys; whole commits only
-- ARGV[3] replicas that must follow closely (min-replicas-max-lag), 0 = do not look
-- ARGV[4] revision that no failover may have undone, 0 = none known  ARGV[5] '1' = a failover may have undone ARGV[1]
-- Reply: {format, revision, epoch, seconds, microseconds, gone 0|1, more 0|1, back 0|1, {key, value or nil, ...}}
local need = tonumber(ARGV[3])
if need > 0 then
  local good = string.match(redis.call('INFO', 'replication'), 'min_slaves_good_slaves:(%d+)')
  if tonumber(good or '0') < need then return redis.error_reply('NOREPLICAS this may not be the primary any more') end
end
local time = redis.call('TIME')
local meta = redis.call('HMGET', KEYS[1], 'format', 'revision', 'epoch')
local after, limit, safe = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[4])
local revision = meta[2] or '0'
local function reply(upto, gone, more, back, flat)
  return {meta[1], upto, meta[3], time[1], time[2], gone, more, back, flat}
end
local function number(entry) return tonumber(string.match(entry[1], '^%d+')) end
local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
local function undone(n) -- no revision is used twice, so one that is not here was taken back (or trimmed)
  if n > tonumber(revision) then return true end
  if n == 0 or not first or number(first) > n then return false end
  local at = string.format('%.0f', n)
  return #redis.call('XRANGE', KEYS[3], at, at) == 0
end
if undone(safe) then return reply(revision, 0, 0, 1, {}) end
if ARGV[5] == '1' and undone(after) then return reply(revision, 1, 0, 0, {}) end
if after >= tonumber(revision) then return reply(revision, 0, 0, 0, {}) end
if not first or number(first) > after + 1 then return reply(revision, 1, 0, 0, {}) end

local keys, last, more = {}, {}, 0
local upto, next = revision, after + 1
while more == 0 do
  local entries = redis.call('XRANGE', KEYS[3], string.format('%.0f', next), '+', 'COUNT', 64)
  if #entries == 0 then break end
  for _, entry in ipairs(entries) do
    if #keys >= limit then
      more = 1
      break
    end
    next = number(entry) + 1
    upto = string.format('%.0f', next - 1)
    for i = 1, #entry[2], 2 do
      local key = entry[2][i]
      if key ~= '' then
        keys[#keys + 1] = key
        last[key] = #keys
      end
    end
  end
end
local flat = {}
for i, key in ipairs(keys) do
  if last[key] == i then
    flat[#flat + 1] = key
    flat[#flat + 1] = redis.call('HGET', KEYS[2], key)
  end
end
return reply(upto, 0, more, 0, flat)
