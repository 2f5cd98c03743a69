/** The way of a worker's log lines to the master: at once, since the next step may be the last, and dropped where too many are in flight. */
import type { LogLine } from './log-line.ts';
import type { TakeLine } from './relayed-log.ts';

/** Lines, and their characters, that a worker has in flight to its master; more are dropped, and counted. */
export const LINES_IN_FLIGHT_MAX = 10_000;
export const LINE_CHARS_IN_FLIGHT_MAX: number = 8 * 1024 * 1024;

/** `send` calls back when the line has left this process. */
export function lineSender(send: (line: LogLine, sent: () => void) => void): TakeLine {
  let [lines, chars, dropped] = [0, 0, 0];
  const start = (line: LogLine): void => {
    lines++;
    chars += line.size;
    send(line, () => {
      lines--;
      chars -= line.size;
    });
  };
  return (line) => {
    if (lines >= LINES_IN_FLIGHT_MAX || chars + line.size > LINE_CHARS_IN_FLIGHT_MAX) {
      dropped++;
      return;
    }
    if (dropped > 0) {
      const text = 'log lines of this worker were dropped: the master takes them more slowly';
      const values = [{ dropped }, text];
      dropped = 0;
      start({ level: 'warn', children: [], values, size: text.length });
    }
    start(line);
  };
}
