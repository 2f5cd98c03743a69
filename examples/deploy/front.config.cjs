// pm2 start front.config.cjs: the program behind a port that stays open. Then `pm2 reload app` refuses no connection either.
const [app] = require('./ecosystem.config.cjs').apps;

const BEHIND = '/tmp/app.sock';

module.exports = {
  apps: [
    // node:cluster keeps no queue of its own, which would be lost with the process.
    { ...app, env: { ...app.env, PORT: BEHIND, NODE_CLUSTER_SCHED_POLICY: 'none' } },
    {
      name: 'front',
      script: './front.mjs',
      cwd: __dirname,
      exec_mode: 'fork',
      instances: 1,
      wait_ready: true,
      stop_exit_codes: [0],
      env: { NODE_ENV: 'production', PORT: 8080, BEHIND },
    },
  ],
};
