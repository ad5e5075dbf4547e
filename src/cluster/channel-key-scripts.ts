/**
 * What the keys of channels need of Redis in one step, in Lua.
 *
 * - `parley:channel_key:{channel_id}`: a hash of `epoch`, and of `sealed`, the key of it under a key of the cluster, where
 *   anybody has it. It outlives by a day the last node that has it.
 * - `parley:channel_keys` (publish): each new one, as JSON.
 */

/** The channel of the new keys. */
export const NEW_KEYS = 'parley:channel_keys';
const KEEP_MS = 86_400_000;

/** In place of an epoch. The present key will do, whichever it is; or a new one is wanted, whatever there is. */
export const ANY_EPOCH = -1;
export const NO_EPOCH = -2;

const COMMON = `
local key = 'parley:channel_key:' .. ARGV[1]
local held = redis.call('HMGET', key, 'epoch', 'sealed')
local epoch = tonumber(held[1] or '-1')
local function put(number, sealed)
  redis.call('HSET', key, 'epoch', number, 'sealed', sealed)
  redis.call('PEXPIRE', key, ${KEEP_MS})
  redis.call('PUBLISH', '${NEW_KEYS}', cjson.encode({ target = tonumber(ARGV[1]), epoch = number, sealed = sealed }))
  return { number, sealed }
end
`;

/** channel, the epoch after which one is wanted, a sealed new key -> epoch and sealed key: what another has made since, or else the new one. */
export const TAKE_KEY = `${COMMON}
local after = tonumber(ARGV[2])
if after ~= ${NO_EPOCH} and held[2] and epoch > after then return { epoch, held[2] } end
return put(math.max(epoch, after) + 1, ARGV[3])`;

/** channel, epoch, sealed key: puts back what Redis has lost -> epoch and sealed key that hold now. */
export const KEEP_KEY = `${COMMON}
local mine = tonumber(ARGV[2])
if epoch > mine and held[2] then return { epoch, held[2] } end
if epoch == mine and held[2] then
  redis.call('PEXPIRE', key, ${KEEP_MS})
  return { epoch, held[2] }
end
return put(math.max(epoch, mine), ARGV[3])`;

/** channel, epoch: nobody here has this key any more, and nobody who comes later is to get it. */
export const RETIRE_KEY = `${COMMON}
if epoch == tonumber(ARGV[2]) then redis.call('HDEL', key, 'sealed') end
return 1`;
