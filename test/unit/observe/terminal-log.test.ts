import { stripVTControlCharacters } from 'node:util';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { terminalLine } from '../../../src/observe/terminal-log.ts';

/** As pino writes it, with its serializer of errors. */
function written(level: 'debug' | 'info' | 'error', fields: object, text: string): string {
  let line = '';
  const log = pino({ level: 'trace', base: { system: 'shop', worker: 2 } }, { write: (json) => void (line = json) });
  log[level](fields, text);
  return line;
}

test('a line says when, how bad, where, what, and the rest', () => {
  const line = terminalLine(
    written('info', { actor: 'order/7', incarnation: 'a1', ms: 12, of: 'two words' }, 'paid'),
    false,
  );
  expect(line).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}worker 2 order\/7 paid ms=12 of="two words"\n$/);
});

test('colours change nothing of the text', () => {
  const json = written('error', { actor: 'order/7', n: 1 }, 'no');
  expect(terminalLine(json, true)).toContain('\u001b[');
  expect(stripVTControlCharacters(terminalLine(json, true))).toBe(terminalLine(json, false));
});

test('an error is shown below, with its stack, its cause and its fields', () => {
  const err = Object.assign(new TypeError('no paper', { cause: new Error('no tree') }), { tray: 3 });
  const lines = terminalLine(written('error', { err }, 'an actor threw'), false).split('\n');
  expect(lines[0]).toMatch(/ ERROR worker 2 an actor threw$/);
  expect(lines[1]).toBe('    TypeError: no paper');
  expect(lines.slice(2)).toContain('    caused by: Error: no tree');
  expect(lines.slice(2)).toContain('    tray: 3');
});

test('what others have written steers no terminal, and makes no line of its own', () => {
  const evil = 'x\u001b[2J\u009b31m\n12:00:00.000 INFO  forged';
  const line = terminalLine(written('info', { evil, [evil]: 1, actor: evil, err: new Error(evil) }, evil), false);
  expect(line).not.toContain('\u001b');
  expect(line).not.toContain('\u009b');
  expect(line.split('\n').filter((one) => one.startsWith('12:00'))).toEqual([]);
});

test('what is no JSON is shown as it is, and a line without fields too', () => {
  expect(terminalLine('plain\n', false)).toBe('plain\n');
  expect(terminalLine('{"level":20,"time":"x"}', false)).toBe('DEBUG\n');
});
