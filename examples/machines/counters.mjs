export const COUNTERS = Array.from({ length: 48 }, (_, n) => `counter/${n}`);
