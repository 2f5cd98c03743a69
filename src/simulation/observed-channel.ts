/** One end of the channel between the master and its own data plane, which delays nothing: observers see each message. */
import type { ControlChannel, ToMaster, ToProcess } from '../wire/control.ts';
import type { Observers } from './observation.ts';
import type { SimulatedTime } from './simulated-time.ts';

export function observedChannel<Out extends ToMaster | ToProcess, In extends ToMaster | ToProcess>(
  channel: ControlChannel<Out, In>,
  from: string,
  to: string,
  time: SimulatedTime,
  observers: Observers,
): ControlChannel<Out, In> {
  const see = (step: 'sent' | 'received', sender: string, receiver: string, message: Out | In): void =>
    observers.tell({ kind: 'control', step, at: time.now, from: sender, to: receiver, message });
  return {
    send: (message) => {
      see('sent', from, to, message);
      channel.send(message);
    },
    onMessage: (receive) =>
      channel.onMessage((message) => {
        see('received', to, from, message);
        receive(message);
      }),
  };
}
