/** A subscription of an actor that lives here: answered once it is in force everywhere. */
import type { Envelope } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { Kernel } from './kernel.ts';

export function subscribeHere(kernel: Kernel, envelope: Envelope): void {
  const { replyTo, to } = envelope;
  const refuse = (error: unknown): void => {
    const { message } = asError(error);
    replyTo?.reject(error instanceof TroupeError ? error : new TroupeError('INVALID_OPTIONS', message));
  };
  try {
    const joined = kernel.topics.join(envelope.message as string, to);
    if (joined === undefined) replyTo?.resolve(undefined);
    else joined.then(() => replyTo?.resolve(undefined), refuse);
  } catch (error) {
    refuse(error);
  }
}
