import { describe, expect, it } from '@jest/globals';
import { PathMonitor } from './path-monitor.js';

const TOKEN = 0xabcn;

describe('the path monitor', () => {
  it('calls UDP open when the server has answered an echo of its path token', () => {
    const monitor = new PathMonitor(0);
    expect(monitor.due(0)).toEqual({ udp: true, tunnel: false });
    answer(monitor, 0, 10);
    expect(monitor.mode).toBe('probing');
    expect(monitor.due(10).udp).toBe(true);
    const echo = monitor.nextPing(10);
    expect(echo.pathToken).toBe(TOKEN);
    monitor.pongReceived({ timestamp: echo.timestamp, pathToken: TOKEN }, 25);
    expect(monitor.mode).toBe('udp');
    expect(monitor.roundTripMs).toBe(15);
  });

  it('pings each second until it is answered, and then each 5 s', () => {
    const monitor = new PathMonitor(0);
    expect(pingTimes(monitor, 0, 1900)).toEqual([0, 1000]);
    prove(monitor, 1900);
    expect(pingTimes(monitor, 1901, 6899)).toEqual([]);
    expect(pingTimes(monitor, 6900, 6900)).toEqual([6900]);
  });

  it('goes through the tunnel when no ping is answered for 2 s', () => {
    const monitor = new PathMonitor(0);
    monitor.due(0);
    monitor.due(1999);
    expect(monitor.mode).toBe('probing');
    expect(monitor.due(2000).tunnel).toBe(true);
    expect(monitor.mode).toBe('tunnel');
  });

  it('pings through the tunnel each 5 s, and goes on to probe UDP each second', () => {
    const monitor = new PathMonitor(0);
    const tunnelPings: number[] = [];
    const udpPings: number[] = [];
    for (let nowMs = 0; nowMs <= 12_000; nowMs += 100) {
      const due = monitor.due(nowMs);
      if (due.tunnel) tunnelPings.push(nowMs);
      if (due.udp) udpPings.push(nowMs);
    }
    expect(tunnelPings).toEqual([2000, 7000, 12_000]);
    expect(udpPings).toEqual(Array.from({ length: 13 }, (_, second) => second * 1000));
  });

  it('leaves an open path only after 2 s without an answer, so one lost ping does no harm', () => {
    const monitor = new PathMonitor(0);
    monitor.due(0);
    prove(monitor, 0);
    expect(monitor.due(5000).udp).toBe(true);
    expect(monitor.due(6000).udp).toBe(true);
    expect(monitor.mode).toBe('udp');
    answer(monitor, 6000, 6010);
    monitor.due(8000);
    expect(monitor.mode).toBe('udp');
    expect(monitor.due(11_010).udp).toBe(true);
    monitor.due(13_010);
    expect(monitor.mode).toBe('tunnel');
  });

  it('pings twice a second while voice passes, and notices within 2 s that the way is cut', () => {
    const monitor = new PathMonitor(0);
    monitor.due(0);
    prove(monitor, 0);
    monitor.voicePassed(100);
    expect(monitor.nextDueMs()).toBe(500);
    expect(pingTimes(monitor, 101, 1749)).toEqual([500, 750, 1000, 1250, 1500]);
    expect([monitor.mode, monitor.due(1750).tunnel, monitor.mode]).toEqual(['udp', true, 'tunnel']);
    expect(pingTimes(monitor, 1751, 4000)).toEqual([2750, 3750]);
  });

  it('returns from the tunnel when UDP is proven anew', () => {
    const monitor = new PathMonitor(0);
    monitor.due(0);
    monitor.due(2000);
    expect(monitor.mode).toBe('tunnel');
    answer(monitor, 3000, 3010);
    expect(monitor.mode).toBe('tunnel');
    prove(monitor, 3010);
    expect(monitor.mode).toBe('udp');
    expect(pingTimes(monitor, 3011, 8009)).toEqual([]);
  });

  it('echoes a new token at once, whether it was asked or not', () => {
    const monitor = new PathMonitor(0);
    monitor.due(0);
    prove(monitor, 0);
    monitor.pongReceived({ timestamp: 0n, pathToken: 0xdefn }, 100);
    expect(monitor.due(100).udp).toBe(true);
    expect(monitor.nextPing(100).pathToken).toBe(0xdefn);
    expect(monitor.mode).toBe('udp');
  });

  it('gives every ping a timestamp of its own, and none 0', () => {
    const monitor = new PathMonitor(0);
    const timestamps = Array.from({ length: 5 }, () => monitor.nextPing(0).timestamp);
    expect(timestamps).toEqual([1n, 2n, 3n, 4n, 5n]);
  });
});

/** The server answers a ping of `sentMs`. */
function answer(monitor: PathMonitor, sentMs: number, nowMs: number): void {
  const { timestamp } = monitor.nextPing(sentMs);
  monitor.pongReceived({ timestamp, pathToken: TOKEN }, nowMs);
}

/** The server answers a ping, and then the echo of its token. */
function prove(monitor: PathMonitor, nowMs: number): void {
  answer(monitor, nowMs, nowMs);
  monitor.due(nowMs);
  answer(monitor, nowMs, nowMs);
}

function pingTimes(monitor: PathMonitor, fromMs: number, toMs: number): number[] {
  const times: number[] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs++) if (monitor.due(nowMs).udp) times.push(nowMs);
  return times;
}
