// Speaks over the channel of its worker as libraries do, and tells what it heard there that is none of troupe's.
export default async (system) => {
  process.on('message', (message) => {
    if (!message?.['troupe:control']) system.publish('echo', { type: 'echo', message: message ?? 'null' });
  });
  await system.subscribe('say', ({ messages }) => {
    for (const message of messages) process.send(message);
  });
};
