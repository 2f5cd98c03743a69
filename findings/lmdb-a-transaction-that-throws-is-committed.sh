#!/usr/bin/env bash
# lmdb 3.5.6: `transaction` rejects where its callback throws, and commits what the callback had written before. `childTransaction`
# and `transactionSync` take it back. The documentation says that the operations of `transaction` are atomic, and says of the two others
# that a throw aborts them; that it does not here is meant so (kriszyp/lmdb-js#115). Whoever comes from another
# database checks everything before the first write, or uses `childTransaction`.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save --ignore-scripts lmdb@3.5.6 >/dev/null
cat >look.mjs <<'JS'
import { open } from 'lmdb';
const db = open({ path: 'data' });
for (const way of ['transaction', 'childTransaction', 'transactionSync']) {
  await db.put(way, 100);
  const take = () => {
    db.put(way, db.get(way) - 30);
    throw new Error('no receiver');
  };
  let outcome = 'went well';
  try {
    await db[way](take);
  } catch (error) {
    outcome = error.message;
  }
  console.log(`${way}: ${outcome}, ${db.get(way)} left`);
}
await db.close();
JS
node look.mjs | tee seen.txt
diff seen.txt - <<'TXT'
transaction: no receiver, 70 left
childTransaction: no receiver, 100 left
transactionSync: no receiver, 100 left
TXT
