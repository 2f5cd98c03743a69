/**
 * How a value stands in a compact frame: a tag, and what the tag says. It is for the common message, a small tree of
 * objects, arrays, numbers and texts; all else goes the general way (codec.ts).
 *
 *   0 … 127   the number itself                 LATIN     length (a byte), bytes: all below 128
 *   INT       four bytes, little-endian         LATIN_LONG, UTF8   length (varint), bytes
 *   DOUBLE    eight bytes, little-endian        ARRAY     length (varint), values
 *   NULL, UNDEFINED, TRUE, FALSE                OBJECT    shape (varint; 0: one that follows), values of its keys
 *
 * A shape is the keys of an object in their order and, for a whole message, its `type`: neither travels a second time.
 */
export const NULL = 128;
export const UNDEFINED = 129;
export const TRUE = 130;
export const FALSE = 131;
export const INT = 132;
export const DOUBLE = 133;
export const LATIN = 134;
export const LATIN_LONG = 135;
export const UTF8 = 136;
export const ARRAY = 137;
export const OBJECT = 138;

/** Shapes numbered per link and direction; more of them go the general way. */
export const SHAPES_MAX = 512;
/** Shapes of one `type` or first key: data used as keys shall not take all numbers. */
export const VARIANTS_MAX = 8;
/** Keys of one object. */
export const SHAPE_KEYS_MAX = 32;
/** Bytes of one value; larger ones go the general way. */
export const COMPACT_BYTES_MAX: number = 16 * 1024;
