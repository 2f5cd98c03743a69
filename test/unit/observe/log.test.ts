import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LOG_LEVELS, openLog } from '../../../src/observe/log.ts';

describe('the log', () => {
  it.each(LOG_LEVELS)('opens at the level %s', (level) => {
    expect(openLog(level, {})).toMatchObject({ level });
  });

  it('that was given is used, with what belongs to the system on each line', () => {
    const lines: string[] = [];
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    openLog(pino({ base: { app: 'shop' } }, sink), { system: 'troupe' }).warn({ actor: 'a/1' }, 'threw');
    expect(JSON.parse(lines[0] as string)).toMatchObject({ app: 'shop', system: 'troupe', actor: 'a/1', msg: 'threw' });
  });
});
