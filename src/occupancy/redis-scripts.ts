/**
 * What Redis does in one step, in Lua. For other tools are the keys of the specification: `session:{user_id}` (a hash),
 * `channel_members:{channel_id}` (a set of user ids) and `user_channels:{user_id}` (a set of channel ids). For Parley:
 *
 * - `parley:lease:{node}`: the token of a node that lives; it expires when the node does not renew it.
 * - `parley:nodes`: a hash of all nodes that may have left something, with their tokens. `parley:fence` counts tokens.
 * - `parley:node_sessions:{node}`: a set of session ids.
 * - `parley:entry:{session}`: a hash of user, node and token.
 * - `parley:channel:{channel_id}`, `parley:session_channels:{session}`: sorted sets in the order of joining.
 */

/** How long keys outlive the last node that renewed them, in milliseconds: where no other one is there to remove them. */
const KEEP_MS = 9000;
/**
 * The same for what tells of a node's sessions. A channel may be kept by others: whoever is in it must be known until one
 * of them has seen that the lease of its node is over, or nobody could remove it any more.
 */
const KEEP_ENTRIES_MS = 30_000;

const COMMON = `
local function leave(session, user, channel)
  local left = redis.call('ZREM', 'parley:channel:' .. channel, session)
  redis.call('ZREM', 'parley:session_channels:' .. session, channel)
  local current = redis.call('HGET', 'session:' .. user, 'session_id')
  if current and current ~= session and redis.call('ZSCORE', 'parley:channel:' .. channel, current) then return left end
  redis.call('SREM', 'channel_members:' .. channel, user)
  redis.call('SREM', 'user_channels:' .. user, channel)
  return left
end
local function leave_all(session, user)
  local channels = redis.call('ZRANGE', 'parley:session_channels:' .. session, 0, -1)
  for _, channel in ipairs(channels) do leave(session, user, channel) end
  return channels
end
local function forget(session)
  local entry = redis.call('HMGET', 'parley:entry:' .. session, 'user', 'node')
  if not entry[1] then return end
  leave_all(session, entry[1])
  redis.call('DEL', 'parley:entry:' .. session)
  redis.call('SREM', 'parley:node_sessions:' .. entry[2], session)
  if redis.call('HGET', 'session:' .. entry[1], 'session_id') == session then redis.call('DEL', 'session:' .. entry[1]) end
end
local function forget_node(node)
  for _, session in ipairs(redis.call('SMEMBERS', 'parley:node_sessions:' .. node)) do forget(session) end
  redis.call('DEL', 'parley:node_sessions:' .. node, 'parley:lease:' .. node)
  redis.call('HDEL', 'parley:nodes', node)
end
local function forget_dead_nodes()
  for _, node in ipairs(redis.call('HKEYS', 'parley:nodes')) do
    if redis.call('EXISTS', 'parley:lease:' .. node) == 0 then forget_node(node) end
  end
end
local function holds(node, token) return redis.call('GET', 'parley:lease:' .. node) == token end
local function owns(session, token) return redis.call('HGET', 'parley:entry:' .. session, 'token') == token end
`;

/** Makes a session known; one that its user had elsewhere is over. */
const CLAIM = `
local KEEP_MS, KEEP_ENTRIES_MS = ${KEEP_MS}, ${KEEP_ENTRIES_MS}
local function keep_session(session, user)
  redis.call('PEXPIRE', 'parley:entry:' .. session, KEEP_ENTRIES_MS)
  redis.call('PEXPIRE', 'parley:session_channels:' .. session, KEEP_ENTRIES_MS)
  redis.call('PEXPIRE', 'session:' .. user, KEEP_MS)
  redis.call('PEXPIRE', 'user_channels:' .. user, KEEP_MS)
end
local function keep_channel(channel)
  redis.call('PEXPIRE', 'parley:channel:' .. channel, KEEP_MS)
  redis.call('PEXPIRE', 'channel_members:' .. channel, KEEP_MS)
end
local function claim(node, token, session, user)
  local former = redis.call('HGET', 'session:' .. user, 'session_id')
  if former and former ~= session then forget(former) end
  redis.call('HSET', 'parley:entry:' .. session, 'user', user, 'node', node, 'token', token)
  redis.call('SADD', 'parley:node_sessions:' .. node, session)
  redis.call('HSET', 'session:' .. user, 'session_id', session, 'node', node)
  redis.call('PEXPIRE', 'parley:node_sessions:' .. node, KEEP_ENTRIES_MS)
  keep_session(session, user)
end
local function enter(session, user, channel)
  local order = redis.call('INCR', 'parley:order')
  redis.call('ZADD', 'parley:channel:' .. channel, order, session)
  redis.call('ZADD', 'parley:session_channels:' .. session, order, channel)
  redis.call('SADD', 'channel_members:' .. channel, user)
  redis.call('SADD', 'user_channels:' .. user, channel)
  keep_session(session, user)
  keep_channel(channel)
end
`;

/**
 * node, milliseconds, and what the node knows, as JSON: sessions with user, fields, and channels with the capacity at
 * joining -> a new token, then who has lost a place: session and channel, or an empty text for the session itself.
 * In one step, so that nobody sees the time between.
 */
export const RECLAIM = `${COMMON}${CLAIM}
local node = ARGV[1]
forget_node(node)
forget_dead_nodes()
local token = tostring(redis.call('INCR', 'parley:fence'))
redis.call('SET', 'parley:lease:' .. node, token, 'PX', ARGV[2])
redis.call('HSET', 'parley:nodes', node, token)
local answer = { token }
local function evict(session, channel)
  answer[#answer + 1] = session
  answer[#answer + 1] = channel
end
for _, entry in ipairs(cjson.decode(ARGV[3])) do
  local session, user = entry.session, entry.user
  local current = redis.call('HGET', 'session:' .. user, 'session_id')
  if current and current ~= session then
    evict(session, '')
  else
    claim(node, token, session, user)
    if #entry.fields > 0 then redis.call('HSET', 'session:' .. user, unpack(entry.fields)) end
    for _, place in ipairs(entry.places) do
      if redis.call('ZCARD', 'parley:channel:' .. place.channel) >= place.capacity then evict(session, place.channel)
      else enter(session, user, place.channel) end
    end
  end
end
return answer`;

/** node: removes what it has left, and its lease. */
export const FORGET_NODE = `${COMMON}
forget_node(ARGV[1])
return 1`;

/**
 * node, token, milliseconds -> the sessions that the node has here, each followed by its channels in one text, or 0 where
 * the lease is another's or over. Removes what dead nodes have left, and in the channels of this one whatever no session
 * says of itself.
 */
export const RENEW = `${COMMON}${CLAIM}
local node, token = ARGV[1], ARGV[2]
local function mend_channel(channel)
  local sessions, members = 'parley:channel:' .. channel, 'channel_members:' .. channel
  for _, session in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
    if not redis.call('ZSCORE', 'parley:session_channels:' .. session, channel) then redis.call('ZREM', sessions, session) end
  end
  if redis.call('SCARD', members) == redis.call('ZCARD', sessions) then return end
  redis.call('DEL', members)
  for _, session in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
    local user = redis.call('HGET', 'parley:entry:' .. session, 'user')
    if user then redis.call('SADD', members, user) end
  end
end
forget_dead_nodes()
if not holds(node, token) then return 0 end
redis.call('PEXPIRE', 'parley:lease:' .. node, ARGV[3])
redis.call('PEXPIRE', 'parley:node_sessions:' .. node, KEEP_ENTRIES_MS)
local answer, kept = {}, {}
for _, session in ipairs(redis.call('SMEMBERS', 'parley:node_sessions:' .. node)) do
  local user = redis.call('HGET', 'parley:entry:' .. session, 'user')
  if user and redis.call('HGET', 'session:' .. user, 'session_id') == session then
    local there = {}
    for _, channel in ipairs(redis.call('ZRANGE', 'parley:session_channels:' .. session, 0, -1)) do
      if not kept[channel] then mend_channel(channel) end
      kept[channel] = true
      if redis.call('ZSCORE', 'parley:channel:' .. channel, session) then there[#there + 1] = channel end
    end
    if redis.call('SCARD', 'user_channels:' .. user) ~= #there then
      redis.call('DEL', 'user_channels:' .. user)
      if #there > 0 then redis.call('SADD', 'user_channels:' .. user, unpack(there)) end
    end
    keep_session(session, user)
    answer[#answer + 1] = session
    answer[#answer + 1] = table.concat(there, ' ')
  else
    forget(session)
    redis.call('SREM', 'parley:node_sessions:' .. node, session)
  end
end
for channel in pairs(kept) do keep_channel(channel) end
return answer`;

/**
 * node, token, session, user, a session whose channels it takes over or an empty text, then names and values: the one
 * session of its user from now on -> claimed, the former session of the user and its node (or empty texts), and the
 * channels that were taken over. Or fenced; taken, where there is such a session; gone, where there is none to take over.
 */
export const CLAIM_SESSION = `${COMMON}${CLAIM}
local node, token, session, user, inherits = unpack(ARGV, 1, 5)
if not holds(node, token) then return { 'fenced' } end
if redis.call('EXISTS', 'parley:entry:' .. session) == 1 then return { 'taken' } end
local former = redis.call('HGET', 'session:' .. user, 'session_id')
if inherits ~= '' and former ~= inherits then return { 'gone' } end
local answer, channels = { 'claimed', '', '' }, {}
if former then
  answer[2], answer[3] = former, redis.call('HGET', 'parley:entry:' .. former, 'node') or ''
  if former == inherits then channels = redis.call('ZRANGE', 'parley:session_channels:' .. former, 0, -1) end
  forget(former)
end
claim(node, token, session, user)
redis.call('HSET', 'session:' .. user, unpack(ARGV, 6))
for _, channel in ipairs(channels) do
  enter(session, user, channel)
  answer[#answer + 1] = channel
end
return answer`;

/** nodes -> session, node, and names and values of each session that they have, a list for each. */
export const SESSIONS_OF = `
local answer = {}
for _, node in ipairs(ARGV) do
  for _, session in ipairs(redis.call('SMEMBERS', 'parley:node_sessions:' .. node)) do
    local user = redis.call('HGET', 'parley:entry:' .. session, 'user')
    if user and redis.call('HGET', 'session:' .. user, 'session_id') == session then
      answer[#answer + 1] = { session, node, redis.call('HGETALL', 'session:' .. user) }
    end
  end
end
return answer`;

/** the number to begin with where there is none -> the number of a block of session ids that nobody else has. */
export const TAKE_SESSION_IDS = `
if redis.call('EXISTS', 'parley:session_ids') == 0 then redis.call('SET', 'parley:session_ids', ARGV[1]) end
return redis.call('INCR', 'parley:session_ids')`;

/** node, token, session, user, then names and values -> 1, or 0 where the node may not write, or the user has a session elsewhere. */
export const PUT_SESSION = `${COMMON}${CLAIM}
if not holds(ARGV[1], ARGV[2]) then return 0 end
if not owns(ARGV[3], ARGV[2]) then
  local current = redis.call('HGET', 'session:' .. ARGV[4], 'session_id')
  if current and current ~= ARGV[3] and not owns(current, ARGV[2]) then return 0 end
  claim(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
end
redis.call('HSET', 'session:' .. ARGV[4], unpack(ARGV, 5))
return 1`;

/** token, session -> its channels, or 0 where the node does not own it. */
export const END_SESSION = `${COMMON}
if not owns(ARGV[2], ARGV[1]) then return 0 end
local channels = redis.call('ZRANGE', 'parley:session_channels:' .. ARGV[2], 0, -1)
forget(ARGV[2])
return channels`;

/** node, token, session, user, channel, capacity -> joined, already, full, fenced, or superseded by a newer session of the user. */
export const JOIN = `${COMMON}${CLAIM}
local node, token, session, user, channel = unpack(ARGV, 1, 5)
if not holds(node, token) then return 'fenced' end
if redis.call('ZSCORE', 'parley:channel:' .. channel, session) then return 'already' end
local current = redis.call('HGET', 'session:' .. user, 'session_id')
if current and current ~= session and not owns(current, token) then return 'superseded' end
if redis.call('ZCARD', 'parley:channel:' .. channel) >= tonumber(ARGV[6]) then return 'full' end
claim(node, token, session, user)
enter(session, user, channel)
return 'joined'`;

/** token, session, channel -> 1 where it was there. */
export const LEAVE = `${COMMON}
if not owns(ARGV[2], ARGV[1]) then return 0 end
return leave(ARGV[2], redis.call('HGET', 'parley:entry:' .. ARGV[2], 'user'), ARGV[3])`;

/** token, session -> the channels that it was in, or 0 where the node does not own it. */
export const LEAVE_ALL = `${COMMON}
if not owns(ARGV[2], ARGV[1]) then return 0 end
return leave_all(ARGV[2], redis.call('HGET', 'parley:entry:' .. ARGV[2], 'user'))`;
