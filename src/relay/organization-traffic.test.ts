import { describe, expect, it } from '@jest/globals';
import { organizationId } from '../ids.js';
import { NO_ORGANIZATION, OrganizationTraffic, organizationTotals } from './organization-traffic.js';

const [RED, BLUE] = [organizationId(7), organizationId(2_000_000_000)];
const NOTHING = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0, dropped: 0 };

function told(traffic: OrganizationTraffic) {
  return organizationTotals(traffic.snapshot());
}

describe('the traffic of organizations', () => {
  it('is counted for each by itself, and crosses as numbers alone', () => {
    const traffic = new OrganizationTraffic();
    const [red, blue] = [traffic.enter(RED), traffic.enter(BLUE)];
    traffic.countIn(red, 100);
    traffic.countOut(red, 3, 90);
    traffic.countIn(blue, 50);
    traffic.countDrop(blue);
    traffic.countIn(NO_ORGANIZATION, 1000);
    traffic.countOut(NO_ORGANIZATION, 10, 1000);
    traffic.countDrop(NO_ORGANIZATION);
    expect(told(traffic)).toEqual([
      { organizationId: RED, packetsIn: 1, bytesIn: 100, packetsOut: 3, bytesOut: 270, dropped: 0 },
      { organizationId: BLUE, packetsIn: 1, bytesIn: 50, packetsOut: 0, bytesOut: 0, dropped: 1 },
    ]);
  });

  it('stays when the last session has gone, and goes on when another one comes', () => {
    const traffic = new OrganizationTraffic();
    traffic.countIn(traffic.enter(RED), 10);
    traffic.leave(RED);
    expect(told(traffic)).toMatchObject([{ organizationId: RED, packetsIn: 1 }]);
    traffic.countIn(traffic.enter(RED), 10);
    expect(told(traffic)).toMatchObject([{ organizationId: RED, packetsIn: 2 }]);
  });

  it('of one that was deleted goes with its last session, and gives its place to another', () => {
    const traffic = new OrganizationTraffic();
    const index = traffic.enter(RED);
    traffic.enter(RED);
    traffic.countIn(index, 10);
    traffic.forget(RED);
    traffic.leave(RED);
    expect(told(traffic)).toHaveLength(1);
    traffic.leave(RED);
    expect(told(traffic)).toEqual([]);
    expect(traffic.enter(BLUE)).toBe(index);
    expect(told(traffic)).toEqual([{ organizationId: BLUE, ...NOTHING }]);
    traffic.leave(BLUE);
    traffic.forget(BLUE);
    expect(told(traffic)).toEqual([]);
  });

  it('has a place for any number of them', () => {
    const traffic = new OrganizationTraffic();
    const ids = Array.from({ length: 1000 }, (_, index) => organizationId(index + 1));
    for (const id of ids) traffic.countIn(traffic.enter(id), id);
    expect(told(traffic).map(({ organizationId: id, bytesIn }) => [id, bytesIn])).toEqual(ids.map((id) => [id, id]));
  });
});
