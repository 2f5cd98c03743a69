/**
 * The words in front of TLS by which a connection says that it is for a worker of the machine, whose master alone has a port:
 *
 *   dialling process ──► which worker: 16 bytes         the master hands the connection over to that one
 *                    ◄── taken: one byte, of the worker  or refused: one byte, and the end
 *                    ──► TLS, and the greeting
 *
 * Nothing more is sent before that byte, so nothing is lost as the connection changes hands. TLS itself begins with another byte.
 */
import { Buffer } from 'node:buffer';
import type { MachineWorker } from './machine-network.ts';

const MARK: Buffer = Buffer.from('trw1');
export const WANTED_BYTES = 16;
export const TAKEN = 6;
export const REFUSED = 21;

export function encodeWanted({ process, incarnation }: MachineWorker): Buffer {
  const bytes = Buffer.alloc(WANTED_BYTES);
  MARK.copy(bytes);
  bytes.writeUInt32BE(process, 4);
  bytes.writeBigUInt64BE(BigInt(incarnation), 8);
  return bytes;
}

/** Whether these first bytes may become such words. */
export function mayBeWanted(bytes: Uint8Array): boolean {
  return MARK.subarray(0, bytes.byteLength).equals(bytes.subarray(0, MARK.byteLength));
}

/** Undefined where they are more than that, or make no sense. */
export function decodeWanted(bytes: Buffer): MachineWorker | undefined {
  if (bytes.byteLength !== WANTED_BYTES || !mayBeWanted(bytes)) return undefined;
  const incarnation = Number(bytes.readBigUInt64BE(8));
  return Number.isSafeInteger(incarnation) ? { process: bytes.readUInt32BE(4), incarnation } : undefined;
}
