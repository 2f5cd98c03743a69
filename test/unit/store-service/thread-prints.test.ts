import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { PRINT_CHARS_MAX, PRINTS_PER_SECOND_MAX, tellPrints } from '../../../src/store-service/thread-prints.ts';

function printing(): { print: (...values: unknown[]) => void; told: string[]; written: string[] } {
  const written: string[] = [];
  const told: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  const own = new Console(stream, stream);
  tellPrints([stream], (text) => told.push(text));
  return { print: (...values) => own.error(...values), told, written };
}

it('a print of the console is told of, and not written', () => {
  const { print, told, written } = printing();
  print('commit failed:', 28);
  expect({ told, written }).toEqual({ told: ['commit failed: 28'], written: [] });
});

it('one that is long is cut, and of many in a second the first are told', () => {
  const { print, told } = printing();
  for (let n = 0; n < PRINTS_PER_SECOND_MAX + 5; n++) print('x'.repeat(PRINT_CHARS_MAX + 1));
  expect(told).toEqual(Array(PRINTS_PER_SECOND_MAX).fill('x'.repeat(PRINT_CHARS_MAX)));
});
