/** What each message of a Mumble client does, by who sends it. Every message that there is has to be here. */

/** Who sends it. What is named in a message is always of the first organization, `red`. */
export const CALLERS = ['nobody yet', 'manager of another organization', 'member', 'manager'] as const;
export type Caller = (typeof CALLERS)[number];

/** CUT: the connection is ended. DENIED: it is refused by a word, and nothing changes. DONE: something changes. TOLD: nothing changes, and there is an answer. NOTHING: neither. */
export type Verdict = 'CUT' | 'DENIED' | 'DONE' | 'TOLD' | 'NOTHING';

/** One verdict for each of {@link CALLERS}. */
export type Row = readonly [Verdict, Verdict, Verdict, Verdict];

/** What only members have: others are refused as if it did not exist. */
const MEMBERS: Row = ['CUT', 'DENIED', 'DONE', 'DONE'];
const MANAGERS: Row = ['CUT', 'DENIED', 'DENIED', 'DONE'];
const NEVER: Row = ['CUT', 'DENIED', 'DENIED', 'DENIED'];
/** About oneself, or about what belongs to everybody. */
const OF_ONESELF: Row = ['CUT', 'TOLD', 'TOLD', 'TOLD'];

/** By message, and after a colon the circumstances where they matter. */
export const TABLE: Readonly<Record<string, Row>> = {
  version: ['NOTHING', 'NOTHING', 'NOTHING', 'NOTHING'],
  // Whoever has logged in tells passwords of channels with it.
  authenticate: ['CUT', 'TOLD', 'TOLD', 'TOLD'],
  ping: ['TOLD', 'TOLD', 'TOLD', 'TOLD'],
  reject: NEVER,
  serverSync: NEVER,
  channelRemove: MANAGERS,
  'channelState: make': MANAGERS,
  'channelState: rename': MANAGERS,
  'channelState: move': MANAGERS,
  'channelState: link': NEVER,
  'channelState: temporary': NEVER,
  'userRemove: kick': MANAGERS,
  'userRemove: ban': MANAGERS,
  'userState: enter': MEMBERS,
  'userState: listen': MEMBERS,
  // Of their own session, in their own organization.
  'userState: mute oneself': ['CUT', 'TOLD', 'DONE', 'DONE'],
  'userState: mute another': MANAGERS,
  'userState: deafen another': MANAGERS,
  'userState: prioritize another': MANAGERS,
  'userState: move another': MANAGERS,
  'userState: speak for another': NEVER,
  'userState: comment of another': NEVER,
  'userState: register': NEVER,
  'banList: read': ['CUT', 'TOLD', 'DENIED', 'TOLD'],
  'banList: write': ['CUT', 'NOTHING', 'DENIED', 'DONE'],
  'banList: of a user': MANAGERS,
  'textMessage: to a channel': MEMBERS,
  'textMessage: to a user': MEMBERS,
  permissionDenied: NEVER,
  'acl: read': ['CUT', 'DENIED', 'DENIED', 'TOLD'],
  'acl: write': MANAGERS,
  queryUsers: OF_ONESELF,
  cryptSetup: OF_ONESELF,
  'userList: read': ['CUT', 'TOLD', 'DENIED', 'TOLD'],
  'userList: rename': MANAGERS,
  'userList: remove': MANAGERS,
  'voiceTarget: a channel': ['CUT', 'DENIED', 'NOTHING', 'NOTHING'],
  // A target that reaches nobody is set where nobody of one's own is named.
  'voiceTarget: a user': ['CUT', 'NOTHING', 'NOTHING', 'NOTHING'],
  permissionQuery: OF_ONESELF,
  codecVersion: NEVER,
  userStats: ['CUT', 'DENIED', 'TOLD', 'TOLD'],
  requestBlob: ['CUT', 'NOTHING', 'TOLD', 'TOLD'],
  serverConfig: NEVER,
};
