-- Uses a join token up and registers the applicant, both or neither.
-- KEYS: token, client of the key, the new client, clients, revoked clients
-- (the registration of a known client is found by its id)
-- ARGV: time (seconds), repeat window (seconds), key, new client id, display name, public key,
--       agent version, enrolment time (text)
local token = redis.call('HMGET', KEYS[1], 'expires_at', 'used_by', 'used_at', 'client')
if not token[1] then
  return {'INVALID', ''}
end
local now = tonumber(ARGV[1])
if token[2] then
  if token[2] == ARGV[3] and now - tonumber(token[3]) <= tonumber(ARGV[2]) then
    return {'OK', token[4]}
  end
  return {'USED', ''}
end
if now >= tonumber(token[1]) then
  return {'EXPIRED', ''}
end
local known = redis.call('GET', KEYS[2])
if known and redis.call('SISMEMBER', KEYS[5], known) == 1 then
  return {'REVOKED', known}
end
local client = known or ARGV[4]
if not known then
  redis.call('HSET', KEYS[3], 'display_name', ARGV[5], 'key_sha256', ARGV[3], 'public_key', ARGV[6],
    'agent_version', ARGV[7], 'enrolled_at', ARGV[8], 'training_rows', 0)
  redis.call('SET', KEYS[2], client)
  redis.call('ZADD', KEYS[4], now, client)
elseif ARGV[5] ~= '' then
  redis.call('HSET', 'pfi:client:' .. known, 'display_name', ARGV[5])
end
redis.call('HSET', KEYS[1], 'used_by', ARGV[3], 'used_at', ARGV[1], 'client', client)
return {'OK', client}
