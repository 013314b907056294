-- Writes one decision of a run as a whole, if the run is still at the expected revision.
-- KEYS: run, outbox, log, rounds, adapters, changes, newest versions, last published run, members,
--       active runs, what clients did, speeds of clients
-- ARGV: revision, run id, state, event, time, acknowledged effect ('' for none), log length,
--       then seven lists, each as its length followed by pairs: effects, rounds, adapters, newest
--       versions by line, lines by member, news by client, speeds by client; then 1 when one of the versions was trained, else 0;
--       then 1 when the run had ended and goes on, else 0
if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then
  return 0
end
local revision = redis.call('HINCRBY', KEYS[1], 'revision', 1)
redis.call('HSET', KEYS[1], 'state', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'changes', 1)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[7], '*', 'event', ARGV[4], 'time', ARGV[5])
if ARGV[6] ~= '' then
  redis.call('HDEL', KEYS[2], ARGV[6])
end
local at = 8
local function each_pair(write)
  local count = tonumber(ARGV[at])
  for index = 1, count do
    write(index, ARGV[at + 2 * index - 1], ARGV[at + 2 * index])
  end
  at = at + 2 * count + 1
end
each_pair(function(index, key, effect)
  -- The prefix keeps the order in which effects were decided.
  redis.call('HSET', KEYS[2], key, string.format('%012d.%04d|', revision, index) .. effect)
end)
each_pair(function(_, scope, round) redis.call('HSET', KEYS[4], scope, round) end)
each_pair(function(_, version, adapter) redis.call('HSET', KEYS[5], version, adapter) end)
each_pair(function(_, line, adapter) redis.call('HSET', KEYS[7], line, adapter) end)
each_pair(function(_, client, line) redis.call('HSET', KEYS[9], client, line) end)
each_pair(function(_, client, news)
  local change = cjson.decode(news)
  local row = cjson.decode(redis.call('HGET', KEYS[11], client) or '{}')
  -- Further attempts of a round do not count again.
  if change.selected_round and change.selected_round > (row.selected_round or 0) then
    row.selected = (row.selected or 0) + 1
    row.selected_round = change.selected_round
  end
  row.dropped = (row.dropped or 0) + (change.dropped or 0)
  for _, column in ipairs({'seconds', 'reported_round', 'utility'}) do
    row[column] = change[column] or row[column]
  end
  redis.call('HSET', KEYS[11], client, cjson.encode(row))
end)
each_pair(function(_, client, speed) redis.call('HSET', KEYS[12], client, speed) end)
if ARGV[at] == '1' then
  redis.call('SET', KEYS[8], ARGV[2])
end
if ARGV[at + 1] == '1' then
  redis.call('SADD', KEYS[10], ARGV[2])
end
redis.call('XADD', KEYS[6], 'MAXLEN', '~', 4096, '*', 'run', ARGV[2])
return 1
