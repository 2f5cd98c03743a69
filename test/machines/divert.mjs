// Loaded into every process of a machine: dials of the ports named in TROUPE_DIVERT go to other ones, as a rule of a firewall would send them.
import { Socket } from 'node:net';

const ports = new Map(Object.entries(JSON.parse(process.env.TROUPE_DIVERT ?? '{}')));
const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  // node:net hands its own arguments on as one list.
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  const port = ports.get(String(options?.port));
  if (port !== undefined) options.port = port;
  return connect.apply(this, args);
};
