-- Lists keys changed after a revision, with their newest values.
-- KEYS[1] meta (hash)  KEYS[2] values (hash)  KEYS[3] changes (stream, entry <revision>-0, a field for each key; '' is none)
-- ARGV[1] revision after which  ARGV[2] limit in keys; whole commits only
-- Reply: {format, revision, epoch, seconds, microseconds, gone 0|1, more 0|1, {key, value or nil, ...}}
local time = redis.call('TIME')
local meta = redis.call('HMGET', KEYS[1], 'format', 'revision', 'epoch')
local after, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local revision = meta[2] or '0'
local function reply(upto, gone, more, flat)
  return {meta[1], upto, meta[3], time[1], time[2], gone, more, flat}
end
if after >= tonumber(revision) then return reply(revision, 0, 0, {}) end

local function number(entry) return tonumber(string.match(entry[1], '^%d+')) end
local first = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
if not first or number(first) > after + 1 then return reply(revision, 1, 0, {}) end

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
return reply(upto, 0, more, flat)
