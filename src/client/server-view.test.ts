import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { ChannelStateSchema, type ServerMessage, SessionStateSchema } from '../protocol/generated/control_pb.js';
import { ServerView } from './server-view.js';

type Body = ServerMessage['body'];

const channel = (id: number, name: string): Body => ({
  case: 'channelState',
  value: create(ChannelStateSchema, { id, name }),
});
const session = (sessionId: number, channelIds: number[] = []): Body => ({
  case: 'sessionState',
  value: create(SessionStateSchema, { sessionId, username: `user ${sessionId}`, channelIds }),
});

describe('the view of a client that comes back', () => {
  it('changes only where the state is another one, and loses what is not told again', () => {
    const view = new ServerView();
    for (const body of [channel(1, 'Lobby'), channel(2, 'Tower'), session(7), session(8, [1])]) view.apply(body);
    view.restart();
    expect(view.apply(channel(1, 'Lobby'))).toBeUndefined();
    expect(view.apply(session(8, [1, 3]))).toMatchObject({ type: 'session', former: { channelIds: [1] } });
    expect(view.apply(channel(3, 'Cellar'))).toMatchObject({ type: 'channel' });
    expect([...view.channels.keys()]).toEqual([1, 2, 3]);
    expect(view.settle()).toMatchObject([
      { type: 'channel_removed', channelId: 2 },
      { type: 'session_removed', session: { id: 7 }, reason: 'disconnected' },
    ]);
    expect([[...view.channels.keys()], [...view.sessions.keys()]]).toEqual([[1, 3], [8]]);
    expect(view.settle()).toEqual([]);
  });

  it('tells each state after that as ever', () => {
    const view = new ServerView();
    view.apply(session(7));
    view.restart();
    view.apply(session(7));
    view.settle();
    expect(view.apply(session(7))).toMatchObject({ type: 'session' });
  });
});
