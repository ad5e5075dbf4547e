import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LogModules } from './log-modules.js';
import { createLogger, type LogLevel } from './logging.js';

function modules() {
  let log = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  const root = createLogger({ level: 'info', format: 'json', stream });
  const logs = new LogModules(root, 'info');
  const told = () => log.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return { logs, told };
}

describe('the modules of the log', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('say what they are and, at first, what the configuration says', () => {
    const { logs, told } = modules();
    logs.of('voice').debug('unheard');
    logs.of('voice').info('heard');
    expect(told()).toMatchObject([{ level: 'info', module: 'voice', msg: 'heard' }]);
    expect(new Set(logs.states().map(({ level }) => level))).toEqual(new Set(['info']));
  });

  it('are set one by one, those who have had their logger for long too', () => {
    const { logs, told } = modules();
    const [voice, rest] = [logs.of('voice'), logs.of('rest')];
    logs.set('voice', 'debug', null);
    voice.debug({ token: 'secret' }, 'heard');
    rest.debug('unheard');
    logs.set('voice', 'error', null);
    voice.warn('unheard');
    expect(told()).toMatchObject([{ level: 'debug', module: 'voice', token: '[redacted]', msg: 'heard' }]);
    expect(logs.state('voice')).toEqual({ module: 'voice', level: 'error', until: null });
  });

  it('come back to the level of the configuration when their time is over', () => {
    const { logs, told } = modules();
    const levels: LogLevel[] = [];
    logs.onLevel('relay', (level) => levels.push(level));
    const { until } = logs.set('relay', 'trace', 60);
    expect(until?.getTime()).toBe(Date.now() + 60_000);
    jest.advanceTimersByTime(59_999);
    logs.of('relay').trace('heard');
    jest.advanceTimersByTime(1);
    logs.of('relay').trace('unheard');
    expect(told()).toHaveLength(1);
    expect(levels).toEqual(['info', 'trace', 'info']);
    expect(logs.state('relay')).toEqual({ module: 'relay', level: 'info', until: null });
  });

  it('obey the last who has set them', () => {
    const { logs } = modules();
    logs.set('relay', 'trace', 60);
    logs.set('relay', 'debug', null);
    jest.advanceTimersByTime(100_000);
    expect(logs.state('relay').level).toBe('debug');
    logs.set('relay', 'trace', 60);
    logs.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
