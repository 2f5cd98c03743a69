// pm2 start ecosystem.config.cjs; new code: pm2 sendSignal SIGHUP app; a new Node.js, or new code of app.mjs: pm2 reload app.
module.exports = {
  apps: [
    {
      name: 'app',
      script: './app.mjs',
      cwd: __dirname,
      // troupe forks the workers itself: in PM2's cluster mode it could not.
      exec_mode: 'fork',
      instances: 1,
      // Started is what has said `ready`, and not what was forked.
      wait_ready: true,
      listen_timeout: 60_000,
      // The drain (shutdownMs, 10 s) and some more; PM2's own default is 1.6 s.
      kill_timeout: 15_000,
      // The signal is for the master; workers would ignore it.
      treekill: false,
      // A clean end is meant, and 78 says that another start would end the same way.
      stop_exit_codes: [0, 78],
      // Of the master alone. Its workers: WORKER_MEGABYTES in app.mjs.
      max_memory_restart: '500M',
      // A heap has this much in the master and in each worker.
      node_args: '--max-old-space-size=1024',
      env: { NODE_ENV: 'production' },
    },
  ],
};
