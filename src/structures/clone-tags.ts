/** The tags of V8's structured clone, version 15, and the kinds of views by the numbers that Node.js gives them. */
export const VERSION = 15;

/** Characters, by their numbers: `o` begins an object, `A` an array, `;` a map. */
export const TAG = {
  version: 0xff,
  padding: 0,
  undefined: 0x5f,
  null: 0x30,
  true: 0x54,
  false: 0x46,
  int: 0x49,
  uint: 0x55,
  double: 0x4e,
  bigInt: 0x5a,
  oneByte: 0x22,
  twoByte: 0x63,
  utf8: 0x53,
  seen: 0x5e,
  object: 0x6f,
  objectEnd: 0x7b,
  sparse: 0x61,
  sparseEnd: 0x40,
  dense: 0x41,
  denseEnd: 0x24,
  hole: 0x2d,
  date: 0x44,
  trueObject: 0x79,
  falseObject: 0x78,
  numberObject: 0x6e,
  bigIntObject: 0x7a,
  stringObject: 0x73,
  regExp: 0x52,
  map: 0x3b,
  mapEnd: 0x3a,
  set: 0x27,
  setEnd: 0x2c,
  arrayBuffer: 0x42,
  error: 0x72,
  host: 0x5c,
} as const;

/** Inside an error. */
export const ERROR_TAG = { message: 0x6d, cause: 0x63, stack: 0x73, end: 0x2e } as const;
export const ERRORS: ReadonlyMap<number, ErrorConstructor> = new Map<number, ErrorConstructor>([
  [0x45, EvalError],
  [0x52, RangeError],
  [0x46, ReferenceError],
  [0x53, SyntaxError],
  [0x54, TypeError],
  [0x55, URIError],
]);

/** Flag of a regular expression → its bit. */
export const REG_EXP_FLAGS: readonly [string, number][] = [
  ...([
    ['g', 1],
    ['i', 2],
    ['m', 4],
    ['y', 8],
    ['u', 16],
    ['s', 32],
    ['d', 128],
    ['v', 256],
  ] as [string, number][]),
];

type ViewMaker = new (buffer: ArrayBuffer) => ArrayBufferView;

export const VIEWS: readonly ViewMaker[] = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array, DataView, Uint8Array, BigInt64Array, BigUint64Array],
];
