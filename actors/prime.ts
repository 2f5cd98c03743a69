/** Heavy work, kept to workers of the role `crunch`, so that the others go on answering. */
import { defineActor } from 'troupe';

export default defineActor({
  placement: { role: 'crunch' },
  receive: {
    countBelow(_ctx, message: { limit: number }) {
      let primes = 0;
      for (let candidate = 2; candidate < message.limit; candidate++) if (isPrime(candidate)) primes++;
      return { primes, pid: process.pid };
    },
  },
});

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false;
  return true;
}
