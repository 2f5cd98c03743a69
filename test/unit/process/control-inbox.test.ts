import { expect, test } from 'vitest';
import { ControlInbox } from '../../../src/process/control-inbox.ts';

test('messages are handled at once, in order, while none has to wait', () => {
  const handled: number[] = [];
  const inbox = new ControlInbox<number>((n) => void handled.push(n));
  for (const n of [1, 2, 3]) inbox.push(n);
  expect(handled).toEqual([1, 2, 3]);
});

test('one that has to wait stops all behind it, and those that come meanwhile', async () => {
  const handled: string[] = [];
  const gates: (() => void)[] = [];
  const inbox = new ControlInbox<number>((n) => {
    handled.push(`begin ${n}`);
    if (n % 2 === 0) return undefined;
    return new Promise<void>((open) => gates.push(open)).then(() => void handled.push(`end ${n}`));
  });
  for (const n of [1, 2, 3, 4]) inbox.push(n);
  await new Promise(setImmediate);
  expect(handled).toEqual(['begin 1']);
  gates[0]?.();
  await new Promise(setImmediate);
  expect(handled).toEqual(['begin 1', 'end 1', 'begin 2', 'begin 3']);
  inbox.push(5);
  gates[1]?.();
  await new Promise(setImmediate);
  expect(handled.slice(4)).toEqual(['end 3', 'begin 4', 'begin 5']);
});

test('one that is pushed while another is handled comes after it', () => {
  const handled: string[] = [];
  const inbox = new ControlInbox<number>((n) => {
    handled.push(`begin ${n}`);
    if (n === 1) inbox.push(2);
    handled.push(`end ${n}`);
    return undefined;
  });
  inbox.push(1);
  expect(handled).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
});
