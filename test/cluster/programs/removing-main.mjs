// Removes and lists from a worker, when asked over a topic.
export default async (system) => {
  await system.subscribe('clean', async ({ id, at }) => {
    if (system.self.worker !== at) return;
    await system.remove(id);
    system.publish('cleaned', { type: 'cleaned', ids: await system.ids('account') });
  });
};
