/** `node:util` in a page: kinds of objects by what they say of themselves, which is all that a page can ask. */

const tagged =
  (...names: string[]) =>
  (value: unknown): boolean =>
    names.includes(Object.prototype.toString.call(value).slice(8, -1));

type Question = (value: unknown) => boolean;

export const types: { readonly [name: string]: Question } = {
  /** A page is not told. */
  isProxy: (_value: unknown): boolean => false,
  isNativeError: (value: unknown): boolean => value instanceof Error,
  isDate: tagged('Date'),
  isRegExp: tagged('RegExp'),
  isMap: tagged('Map'),
  isSet: tagged('Set'),
  isArrayBuffer: tagged('ArrayBuffer'),
  isBoxedPrimitive: (value: unknown): boolean =>
    typeof value === 'object' && tagged('Boolean', 'Number', 'String', 'BigInt', 'Symbol')(value),
  isSymbolObject: (value: unknown): boolean => typeof value === 'object' && tagged('Symbol')(value),
};

export function inspect(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
