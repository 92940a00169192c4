-- Makes a space if it is not there, and says what is.
-- KEYS[1] meta of the space (hash: format, epoch, revision)
-- ARGV[1] format to write  ARGV[2] epoch to write
-- Reply: {format, epoch}
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'epoch', ARGV[2], 'revision', '0')
end
return redis.call('HMGET', KEYS[1], 'format', 'epoch')
