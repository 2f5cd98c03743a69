/**
 * Link: the port of the data plane, one ordered two-way stream of byte frames between two processes.
 * socket-link.ts is the real one, which socket-network.ts opens; memory-link.ts that of tests and the simulation.
 */

export interface LinkListener {
  /** One whole frame, without its length prefix; the bytes are only valid during the call. False: stop reading until `resume()`. */
  onFrame(bytes: Uint8Array): boolean;
  /** The link can take frames again after `write` said false. */
  onDrain(): void;
  /** Once: nothing more will come. All frames that the other side got written have been given to `onFrame` before. */
  onEnd(error: Error | undefined): void;
}

/** The process at the other end, as it said in the handshake. */
export interface LinkPeer {
  index: number;
  incarnation: number;
}

export interface Link {
  readonly peer: LinkPeer;
  /** Set once, by the owner, before the next turn of the event loop. */
  listener: LinkListener;
  /**
   * Writes one frame. `bytes` has `FRAME_HEAD_BYTES` free bytes in front for the length prefix and belongs to the link from now on.
   * False: written or accepted, but hold the next frames until `onDrain`.
   */
  write(bytes: Uint8Array): boolean;
  /** Frames, from the first, that have left this process in full; once the link has ended, for good. The others cannot have been read. */
  readonly flushed: number;
  /** True after `write` said false, until `onDrain`; and for good once the link was closed or destroyed: nothing more is accepted. */
  readonly blocked: boolean;
  /** Goes on reading after `onFrame` said false; the first frame given is the next one. */
  resume(): void;
  /** Writes what was accepted, then ends the link. */
  close(): void;
  /** Ends the link at once; what was not yet written is lost. */
  destroy(error?: Error): void;
}

/** The terms that both ends must agree on before the first frame. */
export interface Handshake {
  version: number;
  system: string;
  token: string;
  self: LinkPeer;
}

/** How processes find each other: one per process. */
export interface LinkNetwork {
  /** Listens; `accept` gets each link whose handshake was good. Resolves to the path for `connect`. */
  listen(handshake: Handshake, accept: (link: Link) => void): Promise<string>;
  /** Links to the process that listens at `path` and is `peer`. Rejects where the handshake fails. */
  connect(path: string, handshake: Handshake, peer: LinkPeer): Promise<Link>;
  /** Somebody is about to connect: makes sure that there is a way in. */
  mend?(): void;
  /** Stops listening; removes its socket file. */
  close(): Promise<void>;
}

/** Grows with every change to what processes write to each other: two versions of the package in one system refuse to link. */
export const WIRE_VERSION = 4;
/** No frame is larger: the largest `messageBytesMax`, and room. */
export const FRAME_BYTES_MAX: number = 1025 * 1024 * 1024;
/** Bytes that a frame may hold beside its largest message. */
export const FRAME_EXTRA_BYTES: number = 1024 * 1024;
/** Bytes in front of every frame: its length, unsigned, little-endian. */
export const FRAME_HEAD_BYTES = 4;
/** The byte behind the length: 0 or 1 in front of a batch (see codec.ts), and these in front of a compact frame. */
export const COMPACT = 2;
/** A compact frame from which on both ends forget the numbers of ids. */
export const COMPACT_RESET = 3;
/** A piece of a large frame. */
export const PIECE = 4;
