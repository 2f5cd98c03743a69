/** The ref that `ref()` gives. It sends as the actor whose handler is running, else as the one it was made for. */
import type { ActorId } from '../vocabulary/address.ts';
import type { Message } from '../vocabulary/envelope.ts';
import { Ref } from '../plain-data/ref.ts';
import type { AskOptions } from './ask-options.ts';
import type { Kernel, Speaker } from './kernel.ts';

export class SenderRef extends Ref {
  readonly #kernel: Kernel;
  readonly #speaker: Speaker;

  constructor(kernel: Kernel, speaker: Speaker, id: ActorId) {
    super(id);
    this.#kernel = kernel;
    this.#speaker = speaker;
  }

  tell(message: Message): boolean {
    return (this.#kernel.running ?? this.#speaker).tell(this.id, message);
  }

  ask(message: Message, options?: AskOptions): Promise<unknown> {
    return (this.#kernel.running ?? this.#speaker).ask(this.id, message, options);
  }

  stop(reason?: string): Promise<void> {
    return (this.#kernel.running ?? this.#speaker).stop(this.id, reason);
  }
}
