/**
 * What the registry of nodes does in Redis in one step, in Lua. Leases are those of `occupancy/redis-scripts.ts`.
 *
 * - `parley:node:{node}`: what a node tells of itself, as JSON; it expires with the lease.
 * - `parley:draining:{node}`: there where a node takes no new sessions.
 * - `parley:placement:{org_id}`: a hash of the node at which an organization is placed, and the token of its lease.
 */

const HOLDS = `
local function holds(node, token) return token and redis.call('GET', 'parley:lease:' .. node) == token end
`;

/** node, token, milliseconds, what it tells, 1 where it drains -> id, token and record of each node that lives, or nothing where the lease is another's. */
export const ANNOUNCE = `${HOLDS}
local node, token, ms, record, draining = unpack(ARGV)
if not holds(node, token) then return {} end
redis.call('SET', 'parley:node:' .. node, record, 'PX', ms)
if draining == '1' then redis.call('SET', 'parley:draining:' .. node, '1', 'PX', ms)
else redis.call('DEL', 'parley:draining:' .. node) end
local answer = {}
for _, other in ipairs(redis.call('HKEYS', 'parley:nodes')) do
  local lease = redis.call('GET', 'parley:lease:' .. other)
  local told = redis.call('GET', 'parley:node:' .. other)
  if lease and told then
    answer[#answer + 1] = other
    answer[#answer + 1] = lease
    answer[#answer + 1] = told
  end
end
return answer`;

/** node, token: takes back what the node tells of itself. */
export const WITHDRAW = `${HOLDS}
if not holds(ARGV[1], ARGV[2]) then return 0 end
redis.call('DEL', 'parley:node:' .. ARGV[1], 'parley:draining:' .. ARGV[1])
return 1`;

/** organization, the node that it would be placed at, milliseconds -> the node that it is placed at. */
export const PLACE = `${HOLDS}
local key, candidate = 'parley:placement:' .. ARGV[1], ARGV[2]
local held = redis.call('HMGET', key, 'node', 'token')
if held[1] and holds(held[1], held[2]) and redis.call('EXISTS', 'parley:draining:' .. held[1]) == 0 then
  redis.call('PEXPIRE', key, ARGV[3])
  return held[1]
end
local token = redis.call('GET', 'parley:lease:' .. candidate)
if not token then return '' end
redis.call('HSET', key, 'node', candidate, 'token', token)
redis.call('PEXPIRE', key, ARGV[3])
return candidate`;

/** node, token, milliseconds, organizations: keeps those that are placed at the node where they are. */
export const KEEP_PLACES = `${HOLDS}
if not holds(ARGV[1], ARGV[2]) then return 0 end
for index = 4, #ARGV do
  local key = 'parley:placement:' .. ARGV[index]
  local held = redis.call('HMGET', key, 'node', 'token')
  if held[1] == ARGV[1] and held[2] == ARGV[2] then redis.call('PEXPIRE', key, ARGV[3]) end
end
return 1`;
