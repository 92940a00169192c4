-- Makes a space if it is not there, and says what is.
-- KEYS[1] meta of the space (hash: format, epoch, revision)
-- ARGV[1] format to write  ARGV[2] epoch to write
-- Reply: {format, epoch, made 0|1}
local made = 0
if redis.call('EXISTS', KEYS[1]) == 0 then
  made = 1
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'epoch', ARGV[2], 'revision', '0')
end
local meta = redis.call('HMGET', KEYS[1], 'format', 'epoch')
return {meta[1], meta[2], made}
