/** Records as they are written over one another, beside a map that says what must be in them. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/doubles/seeded-random.ts';
import { RecordWriter, readHead, recordOf } from '../../../src/store/record-bytes.ts';

const NAMES = [
  ...['state', 'meta', 'é', 'Ã©', 'y', 'grüße 🎈', 'm:~0.1/x', 'n:~0.1/x', 'x'.repeat(60), `${'x'.repeat(59)}é`],
  ...Array.from({ length: 60 }, (_, n) => `y:${String(n).padStart(16, '0')}`),
];

test.each(Array.from({ length: 20 }, (_, at) => at + 1))(
  'a record has the parts that were written last, wherever they lie (seed %i)',
  (seed) => {
    const random = seededRandom(seed);
    const writer = new RecordWriter();
    const expected = new Map<string, string>();
    const outside = new Map<string, Uint8Array>();
    let value: Buffer | undefined;
    const pick = (): string => NAMES[Math.floor(random() * NAMES.length)] as string;
    for (let version = 0; version < 150; version++) {
      const put = new Map<string, Uint8Array>();
      for (let n = Math.floor(random() * 4); n > 0; n--) {
        const size = Math.floor(random() < 0.1 ? random() * 900 : random() * 60);
        put.set(pick(), Buffer.from(`${version}${'.'.repeat(size)}`));
      }
      const remove = Array.from({ length: random() < 0.3 ? 2 : 0 }, pick).filter((name) => !put.has(name));
      const before = value && readHead(value, 'fence');
      writer.reset();
      const change = { id: 'a/b', expectedVersion: version, fence: 'fence', wakeAt: undefined, put, remove };
      const written = writer.write(change, before);
      for (const name of written.removeOutside ?? []) outside.delete(name);
      for (const [name, bytes] of written.putOutside ?? []) outside.set(name, bytes);
      for (const name of remove) expected.delete(name);
      for (const [name, bytes] of put) expected.set(name, String(bytes));
      value = Buffer.from(written.value);
      const record = recordOf({ value, outside });
      expect(record.version).toBe(version + 1);
      const found = [...record.parts].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]);
      expect(new Map(found as [string, string][])).toEqual(expected);
    }
    expect(outside.size).toBeGreaterThan(0);
  },
);
