import { machineConformance } from './machine-conformance.ts';
import { tlsWorld } from './tls-world.ts';

machineConformance('machines by TLS', () => tlsWorld());
