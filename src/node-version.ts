/**
 * Whether this Node.js can run troupe at all: one sentence instead of whatever fails first, somewhere inside. It imports
 * nothing, and stands before all other imports of the package.
 */
const LEAST: readonly [major: number, minor: number] = [20, 19];

/** Undefined where the version is recent enough. */
export function faultOfVersion(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])) return undefined;
  return `troupe needs Node.js ${LEAST.join('.')} or later; got ${version}`;
}

const fault: string | undefined = faultOfVersion(process.versions.node);
if (fault !== undefined) throw Object.assign(new Error(fault), { code: 'ERR_UNSUPPORTED_NODE_VERSION' });
