/** Live screens: looked at while somebody does, once for all who do, and seldom where a look is dear. */
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ground } from '../../../src/dashboard/ground.ts';
import {
  REST_FACTOR,
  REST_MS_MAX,
  LiveScreens,
  STREAMS_MAX,
  UNREAD_MS_MAX,
} from '../../../src/dashboard/live-screens.ts';
import { SCREENS, type Screen } from '../../../src/dashboard/screens.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { TroupeError } from '../../../src/vocabulary/errors.ts';

/** A page that takes what is written, or does not. */
class Page extends EventEmitter {
  readonly heard: string[] = [];
  readonly gone = new AbortController();
  writableNeedDrain = false;
  isEnded = false;
  isDestroyed = false;

  write(text: string): void {
    this.heard.push(text);
  }

  flushHeaders(): void {}

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  close(): void {
    this.gone.abort();
  }
}

const NAME = 'a-screen';
const screens = SCREENS as Record<string, Screen>;
let clock: VirtualClock;
let samples: LiveScreens;
let looks: string[];
let look: () => Promise<unknown>;

beforeEach(() => {
  clock = new VirtualClock();
  looks = [];
  look = async () => ({ n: looks.length });
  screens[NAME] = plan(false);
  samples = new LiveScreens({ clock } as unknown as Ground);
});

afterEach(() => {
  delete screens[NAME];
});

function plan(isDear: boolean): Screen {
  return {
    ...{ everyMs: 1_000, isDear, takes: ['id'] },
    look: (_ground, params) => {
      looks.push(params.toString());
      return look();
    },
  };
}

function open(id = 'a'): Page {
  const page = new Page();
  samples.check(NAME);
  samples.open(NAME, new URLSearchParams({ id }), page as unknown as ServerResponse, page.gone.signal);
  return page;
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) await clock.advance(Math.min(left, 100));
}

describe('a screen', () => {
  test('is looked at once for all pages that show it, and by itself for each set of parameters', async () => {
    const [one, other, third] = [open('a'), open('a'), open('b')];
    await pass(3_050);
    expect(looks.filter((id) => id === 'id=a')).toHaveLength(4);
    expect(looks.filter((id) => id === 'id=b')).toHaveLength(4);
    expect(one.heard).toEqual(other.heard);
    expect(one.heard[0]).toMatch(/^data: \{"n":\d+\}\n\n$/);
    expect(third.heard).toHaveLength(4);
    expect(samples.size).toBe(2);
  });

  test('is looked at no more once the last page has closed it', async () => {
    const [one, other] = [open(), open()];
    await pass(1_050);
    one.close();
    await pass(2_000);
    expect(looks).toHaveLength(4);
    expect(one.isEnded).toBe(true);
    other.close();
    await pass(20_000);
    expect(looks).toHaveLength(4);
    expect(samples.size).toBe(0);
  });

  test('comes at once to a page that opens it later, as it was last seen', async () => {
    open();
    await pass(100);
    expect(open().heard).toHaveLength(1);
    expect(looks).toHaveLength(1);
  });

  test('that cannot be seen says why, and is looked at again', async () => {
    look = () => Promise.reject(new TroupeError('ACTOR_UNAVAILABLE', 'worker 2 does not answer'));
    const page = open();
    await pass(100);
    expect(page.heard).toEqual([
      'event: fault\ndata: {"code":"ACTOR_UNAVAILABLE","error":"worker 2 does not answer"}\n\n',
    ]);
    look = async () => 1;
    await pass(1_000);
    expect(page.heard[1]).toBe('data: 1\n\n');
  });

  test('that is dear is looked at so seldom that one part in 250 of the time of a process goes into it', async () => {
    screens[NAME] = plan(true);
    look = async () => ({ workMs: 50 });
    open();
    await pass(10 * 50 * (1 + REST_FACTOR));
    expect(looks.length).toBeGreaterThanOrEqual(10);
    expect(looks.length).toBeLessThanOrEqual(11);
    expect(50 * looks.length).toBeLessThanOrEqual((10 * 50 * (1 + REST_FACTOR)) / 225);
  });

  test('is not rare for what it has waited for, nor ever rarer than the bound', async () => {
    screens[NAME] = plan(true);
    look = () => new Promise((resolve) => clock.setTimer(5_000, () => resolve({ workMs: 1 })));
    const page = open();
    await pass(60_000);
    expect(looks.length).toBeGreaterThanOrEqual(10);
    page.close();
    await pass(10_000);
    looks = [];
    look = async () => ({ workMs: 5_000 });
    open();
    await pass(2 * REST_MS_MAX + 500);
    expect(looks).toHaveLength(3);
  });
});

describe('bounds', () => {
  test('one more stream than there may be is refused, and has room again once one is closed', () => {
    const pages = Array.from({ length: STREAMS_MAX }, () => open());
    expect(() => open()).toThrow(/the limit; one more rejected/);
    pages[0]?.close();
    expect(() => open()).not.toThrow();
  });

  test('a page that does not read gets nothing more, and is cut in the end; others go on', async () => {
    const [mute, other] = [open(), open()];
    await pass(1_050);
    mute.writableNeedDrain = true;
    await pass(10_000);
    expect(mute.heard).toHaveLength(2);
    expect(other.heard.length).toBeGreaterThanOrEqual(11);
    expect(mute.isDestroyed).toBe(false);
    mute.writableNeedDrain = false;
    await pass(1_000);
    expect(mute.heard).toHaveLength(3);
    mute.writableNeedDrain = true;
    await pass(UNREAD_MS_MAX + 3_000);
    expect(mute.isDestroyed).toBe(true);
    expect(other.isDestroyed).toBe(false);
  });

  test('a screen that is none is refused', () => {
    expect(() => samples.check('constructor')).toThrow(/expected one of/);
    expect(() => samples.check('')).toThrow(/expected one of/);
  });
});
