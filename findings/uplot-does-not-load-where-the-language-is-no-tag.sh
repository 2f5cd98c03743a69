#!/usr/bin/env bash
# uPlot 1.6.32 makes an `Intl.NumberFormat(navigator.language)` as it is loaded. Where the language of the browser is no language tag,
# that throws a RangeError, and the page has no uPlot. Seen in the Chromium of @sparticuz/chromium 143.0.4, headless: in a POSIX locale,
# as services and containers have it, `navigator.language` is `en-US@posix`. With LC_ALL=en_US.UTF-8 it is `en-US`, and
# all is well. A page that cannot choose its browsers gives `navigator` another `language` before it loads uPlot.
set -euo pipefail
[[ $(uname -sm) == 'Linux x86_64' ]] || { echo 'Linux on x64 only'; exit 0; }
dir=$(mktemp -d); pid=
trap '[[ -z $pid ]] || { kill $pid 2>/dev/null; wait $pid 2>/dev/null || true; }; rm -rf "$dir" || { sleep 1; rm -rf "$dir"; }' EXIT
cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save --ignore-scripts uplot@1.6.32 @sparticuz/chromium@143.0.4 >/dev/null
node -e '
const { brotliDecompressSync } = require("node:zlib"), { readFileSync, writeFileSync } = require("node:fs");
for (const [name, to] of [["chromium.br", "chromium"], ["al2023.tar.br", "libraries.tar"]])
  writeFileSync(to, brotliDecompressSync(readFileSync(`node_modules/@sparticuz/chromium/bin/${name}`)), { mode: 0o755 });
'
tar xf libraries.tar
cat >look.html <<'HTML'
<script src="node_modules/uplot/dist/uPlot.iife.min.js"></script>
<script>console.log(`seen: ${navigator.language} ${typeof uPlot}`);</script>
HTML
look() {
  LC_ALL=$1 LD_LIBRARY_PATH=$dir/lib ./chromium --headless --no-sandbox --disable-gpu --user-data-dir="$dir/profile" \
    --enable-logging=stderr "file://$dir/look.html" >/dev/null 2>log & pid=$!
  for _ in $(seq 300); do grep -q 'seen: ' log && break; sleep 0.2; done
  kill $pid; wait $pid 2>/dev/null || true; pid=
  grep -oE 'Uncaught [^"]*|seen: [^"]*' log
}
{ look POSIX; look en_US.UTF-8; } | tee seen.txt
diff seen.txt - <<'TXT'
Uncaught RangeError: Invalid language tag: en-US@posix
seen: en-US@posix undefined
seen: en-US function
TXT
