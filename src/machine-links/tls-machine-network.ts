/**
 * The real network between machines: TCP, TLS 1.3 with a certificate at both ends, then the greeting, then frames.
 *
 * A link has no gap: TCP brings bytes in order, TLS numbers its records and ends where one is missing, doubled or changed, and a frame that is not
 * whole at the end is not given to anybody. So frames have no numbers of their own. docs/decisions/0092-machines-link-by-mutual-tls.md
 */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { MachineId } from '../machines/machine-row.ts';
import type { Log } from '../observe/log.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError, type ErrorCode, TroupeError } from '../vocabulary/errors.ts';
import { firstFrame, SilenceError } from '../wire/first-frame.ts';
import type { FrameSplitter } from '../wire/frame.ts';
import { encodeGreeting, HANDSHAKE_BYTES_MAX } from '../wire/handshake.ts';
import { type Link, WIRE_VERSION } from '../wire/link.ts';
import { Poller } from '../wire/poller.ts';
import { SocketLink } from '../wire/socket-link.ts';
import { BeatingLink } from './beating-link.ts';
import { hostTowards, machineAddress, parseMachineAddress } from './machine-address.ts';
import {
  decodeMachineAnswer,
  decodeMachineHello,
  faultOfTerms,
  type MachineHello,
  type MachineRefused,
  type MachineWelcome,
} from './machine-greeting.ts';
import { MachineListener, type MachineRefusal } from './machine-listener.ts';
import {
  type MachineCredentials,
  type MachineLink,
  type MachineNetwork,
  type MachinePeer,
  type MachineWorker,
  unreachableMachine,
} from './machine-network.ts';
import type { Reachable } from './reach-survey.ts';
import { CertificateError, certificateFault, certifiedNameOf, KEEP_ALIVE_MS, secureConnection } from './machine-tls.ts';

/** Milliseconds for TLS, and again for the greeting. */
export const MACHINE_HANDSHAKE_MS = 5_000;
/** Milliseconds after which a link that brings nothing, not even a beat, is broken: longer than the default lease, so that the lease decides. */
export const MACHINE_SILENT_MS = 18_000;
/** Machines that are looked at at once because another one asks for it; one more is refused. */
export const LOOKS_MAX = 16;
/** Milliseconds for a refusal to be read. */
export const REFUSED_MS = 1_000;

export interface TlsMachineNetworkOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Name of the cluster, which stands in the certificates too. */
  readonly cluster: string;
  readonly credentials: MachineCredentials;
  /** Of this process on its machine; 0: its master, which alone may listen. */
  readonly process: number;
  readonly incarnation: number;
  /** Larger frames break the link. */
  readonly frameBytesMax: number;
  /** Of a master: `host:port` where others reach it, or the database towards which its host is found. */
  readonly address?: { readonly advertise: string | undefined; readonly databaseUrl: string };
  readonly silentMs?: number;
  readonly handshakeMs?: number;
  /** Default: of this build. */
  readonly version?: number;
  /** Of a master: gives a connection to a worker. False: there is none like that. */
  readonly handOver?: (worker: MachineWorker, raw: Socket) => boolean;
}

interface Answered {
  readonly socket: TLSSocket;
  readonly splitter: FrameSplitter;
  readonly welcome: MachineWelcome;
}

export class TlsMachineNetwork implements MachineNetwork {
  readonly #options: TlsMachineNetworkOptions;
  readonly #handshakeMs: number;
  readonly #poller: Poller;
  readonly #listener: MachineListener;
  #credentials: MachineCredentials;
  /** Not linked yet. */
  readonly #dialling = new Set<Socket>();
  #accept: (link: MachineLink) => void = () => {};
  #looks = 0;
  #isClosed = false;

  constructor(options: TlsMachineNetworkOptions) {
    const { clock, log, credentials, handOver, handshakeMs = MACHINE_HANDSHAKE_MS } = options;
    this.#options = options;
    this.#credentials = credentials;
    this.#handshakeMs = handshakeMs;
    this.#poller = new Poller(clock, 0);
    const visited = (socket: TLSSocket): void => void this.#meet(socket);
    this.#listener = new MachineListener({ clock, log, handshakeMs, visited, handOver });
  }

  /** Those who were not let in since the start, by cause. */
  get refusals(): Readonly<Record<MachineRefusal, number>> {
    return this.#listener.refusals;
  }

  async listen(accept: (link: MachineLink) => void): Promise<string> {
    const { address } = this.#options;
    if (address === undefined) throw new Error('only the master of a machine listens');
    this.#accept = accept;
    if (address.advertise !== undefined) {
      // The host may be one that others know and this machine does not.
      await this.#listener.open(undefined, parseMachineAddress(address.advertise).port, this.#credentials);
      return address.advertise;
    }
    const host = await hostTowards(address.databaseUrl);
    return machineAddress({ host, port: await this.#listener.open(host, 0, this.#credentials) });
  }

  take(accept: (link: MachineLink) => void): void {
    this.#accept = accept;
    this.#listener.begin(this.#credentials);
  }

  /** A connection for this worker. */
  handed(raw: Socket): void {
    if (this.#isClosed) raw.destroy();
    else this.#listener.handed(raw);
  }

  async connect(address: string, machine: MachineId, worker?: MachineWorker): Promise<MachineLink> {
    const { socket, splitter, welcome } = await this.#dial(address, machine, 'link', this.#handshakeMs, worker);
    const { process, incarnation } = worker ?? welcome;
    if (welcome.process !== process || welcome.incarnation !== incarnation) {
      socket.destroy();
      throw unreachableMachine(machine, address, `process ${welcome.process} answered`);
    }
    const peer = { machine, process: welcome.process, incarnation: welcome.incarnation };
    return { peer, link: this.#link(socket, splitter, peer) };
  }

  async checkReach(address: string, machine: MachineId, own: string): Promise<string | undefined> {
    return this.#lookBy({ machine, address }, { machine: this.#credentials.machine, address: own });
  }

  /** Whether one machine reaches another one: it is asked to look. Rejects with the reason where it does not, or is not reached itself. */
  async checkPair(from: Reachable, to: Reachable): Promise<void> {
    if (from.machine === this.#credentials.machine)
      return void (await this.#look(to.address, to.machine, 'look', this.#handshakeMs));
    const reason = await this.#lookBy(from, to);
    if (reason !== undefined) throw new Error(reason);
  }

  /** Milliseconds of the monotonic clock of a machine. */
  async clockOf(address: string, machine: MachineId): Promise<number> {
    return (await this.#look(address, machine, 'look', this.#handshakeMs)).now;
  }

  use(credentials: MachineCredentials): void {
    this.#credentials = credentials;
    this.#listener.use(credentials);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listener.close();
    for (const socket of this.#dialling) socket.destroy(new Error('this end was closed'));
  }

  /** The other machine needs as long for its look as this one for its own. */
  async #lookBy(from: Reachable, to: Reachable): Promise<string | undefined> {
    return (await this.#look(from.address, from.machine, to, 3 * this.#handshakeMs)).unreached;
  }

  async #look(
    address: string,
    machine: MachineId,
    wants: MachineHello['wants'],
    answerMs: number,
  ): Promise<MachineWelcome> {
    const { socket, welcome } = await this.#dial(address, machine, wants, answerMs);
    socket.destroy();
    return welcome;
  }

  async #dial(
    address: string,
    machine: MachineId,
    wants: MachineHello['wants'],
    answerMs: number,
    worker?: MachineWorker,
  ): Promise<Answered> {
    const { clock } = this.#options;
    let opened: Socket | undefined;
    try {
      if (this.#isClosed) throw new Error('this end was closed');
      const withinMs = this.#handshakeMs;
      const socket = await secureConnection(address, this.#credentials, {
        ...{ clock, withinMs, worker },
        opened: (one) => {
          opened = one;
          this.#dialling.add(one);
        },
      });
      this.#checkName(socket, machine);
      socket.write(encodeGreeting({ troupe: 'machine', ...this.#terms, ...this.#self, to: machine, wants }));
      const { bytes, splitter } = await firstFrame(socket, clock, answerMs, HANDSHAKE_BYTES_MAX);
      return { socket, splitter, welcome: this.#checkedAnswer(decodeMachineAnswer(bytes), machine) };
    } catch (error) {
      opened?.destroy();
      // The other end's own words, or those on what both ends must have the same.
      if (error instanceof TroupeError) throw error;
      const fault = unreachableMachine(machine, address, asError(error).message, error);
      throw error instanceof CertificateError ? new TroupeError('INVALID_OPTIONS', fault.message) : fault;
    } finally {
      if (opened) this.#dialling.delete(opened);
    }
  }

  /** The one that was dialled shows a certificate of the cluster, and it is that machine's. */
  #checkName(socket: TLSSocket, machine: MachineId): void {
    const name = certifiedNameOf(socket);
    if (name === undefined) throw new CertificateError(certificateFault(socket));
    const { version, cluster } = this.#terms;
    const fault = faultOfTerms({ version, cluster }, { version, cluster: name.cluster });
    if (fault) throw fault;
    if (name.machine !== machine) throw new Error(`the machine ${name.machine} answered`);
  }

  #checkedAnswer(answer: MachineWelcome | MachineRefused | undefined, machine: MachineId): MachineWelcome {
    if (answer === undefined) throw new Error('an answer that cannot be read');
    if ('refused' in answer) throw new TroupeError(answer.refused, answer.message);
    const fault = faultOfTerms(this.#terms, answer);
    if (fault) throw fault;
    if (answer.machine !== machine) throw new Error(`the machine ${answer.machine} answered`);
    return answer;
  }

  async #meet(socket: TLSSocket): Promise<void> {
    const { clock } = this.#options;
    try {
      const name = certifiedNameOf(socket);
      if (name === undefined) return this.#refuse(socket, 'certificate', 'FORBIDDEN', certificateFault(socket));
      const { bytes, splitter } = await firstFrame(socket, clock, this.#handshakeMs, HANDSHAKE_BYTES_MAX);
      const hello = decodeMachineHello(bytes, this.#terms.version);
      if (hello === undefined) throw new Error('its greeting cannot be read');
      if (this.#isClosed) return void socket.destroy();
      const refusal = this.#refusalOf(hello, name);
      if (refusal) return this.#refuse(socket, ...refusal);
      this.#listener.known(socket);
      await this.#answer(socket, splitter, hello);
    } catch (error) {
      if (!this.#isClosed)
        this.#listener.refused(error instanceof SilenceError ? 'silence' : 'bytes', socket, asError(error).message);
      socket.destroy();
    }
  }

  /** Why a machine of the authority is not the one for this process, though it shows a good certificate. */
  #refusalOf(
    hello: MachineHello,
    name: { cluster: string; machine: string },
  ): [cause: MachineRefusal, code: ErrorCode, text: string] | undefined {
    const terms = this.#terms;
    const version = faultOfTerms(terms, { version: hello.version, cluster: terms.cluster });
    if (version) return ['version', version.code, version.message];
    for (const { cluster } of [name, hello]) {
      const fault = faultOfTerms(terms, { version: terms.version, cluster });
      if (fault) return ['cluster', fault.code, fault.message];
    }
    if (hello.machine !== name.machine)
      return ['name', 'FORBIDDEN', `the machine ${name.machine} says that it is ${hello.machine}`];
    const { machine } = this.#credentials;
    if (hello.to === machine) return undefined;
    return ['name', 'ACTOR_UNAVAILABLE', `no link to the machine ${hello.to}: the machine ${machine} answered`];
  }

  async #answer(socket: TLSSocket, splitter: FrameSplitter, hello: MachineHello): Promise<void> {
    const { machine, process, incarnation, wants } = hello;
    if (typeof wants === 'object' && this.#looks >= LOOKS_MAX) {
      const text = `${LOOKS_MAX} machines are looked at already; try again`;
      return this.#end(socket, { troupe: 'machine', refused: 'OVERLOADED', message: text });
    }
    const unreached = typeof wants === 'object' ? await this.#lookFor(wants) : undefined;
    const now = this.#options.clock.now();
    const more = { now, ...(unreached !== undefined && { unreached }) };
    const welcome: MachineWelcome = { troupe: 'machine', ...this.#terms, ...this.#self, ...more };
    if (wants !== 'link') return this.#end(socket, welcome);
    socket.write(encodeGreeting(welcome));
    const peer = { machine, process, incarnation };
    this.#accept({ peer, link: this.#link(socket, splitter, peer), since: now });
  }

  async #lookFor({ machine, address }: Reachable): Promise<string | undefined> {
    this.#looks++;
    try {
      await this.#look(address, machine, 'look', this.#handshakeMs);
      return undefined;
    } catch (error) {
      return asError(error).message;
    } finally {
      this.#looks--;
    }
  }

  #refuse(socket: TLSSocket, cause: MachineRefusal, code: ErrorCode, text: string): void {
    this.#listener.refused(cause, socket, text);
    this.#end(socket, { troupe: 'machine', refused: code, message: text });
  }

  /** The last word; whoever does not read it is closed all the same. */
  #end(socket: TLSSocket, answer: MachineWelcome | MachineRefused): void {
    socket.on('error', () => {});
    socket.setTimeout(REFUSED_MS, () => socket.destroy());
    socket.end(encodeGreeting(answer), () => socket.destroy());
  }

  #link(socket: TLSSocket, splitter: FrameSplitter, { process, incarnation }: MachinePeer): Link {
    const { clock, frameBytesMax, silentMs = MACHINE_SILENT_MS } = this.#options;
    splitter.frameBytesMax = frameBytesMax;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const inner = new SocketLink(socket, splitter, { index: process, incarnation }, clock, this.#poller, true);
    const [bytesRead, isOpen] = [() => socket.bytesRead, () => !socket.destroyed];
    return new BeatingLink({ inner, bytesRead, isOpen, clock, silentMs });
  }

  get #terms(): { version: number; cluster: string } {
    const { version = WIRE_VERSION, cluster } = this.#options;
    return { version, cluster };
  }

  get #self(): MachinePeer {
    const { process, incarnation } = this.#options;
    return { machine: this.#credentials.machine, process, incarnation };
  }
}
