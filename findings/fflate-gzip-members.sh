#!/usr/bin/env bash
# fflate: gunzipSync of a file of two gzip members gives a piece of the first, cut to the length of the last.
#
# Versions: fflate 0.8.3; pako 3.0.3 and Node's own zlib beside it
# Guess: RFC 1952 makes a gzip file a row of members, so that days can be put together with `cat`. An unpacker reads
#   them all, or says that something follows.
# Seen: `gunzipSync` and `decompressSync` never reach the second member. They take the size of what comes out from the
#   last four bytes of the file, which belong to the last member, and so cut the first one too where it is longer; no
#   error. fflate's own streaming `Gunzip` reads both, as pako and Node do.
# For the archive: a snapshot is one gzip member, always; a longer table must be compressed anew, not appended to.
#
# Needs Node 20 or newer with npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . fflate@0.8.3 pako@3.0.3 >/dev/null

cat >probe.mjs <<'END'
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fflate from 'fflate';
import * as pako from 'pako';

const header = 'Report Refresh Date,User Principal Name\r\n';
const day = (date, people) => Array.from({ length: people }, (_, n) => `${date},user${n}@contoso.com\r\n`).join('');
const lines = (bytes) => {
    const text = Buffer.from(bytes).toString();
    return `${text.split('\r\n').length - 1} lines, ${text.length} bytes`;
};
const streamed = (packed) => {
    const pieces = [];
    const stream = new fflate.Gunzip((piece) => pieces.push(piece));
    stream.push(packed, true);
    return Buffer.concat(pieces);
};

for (const [first, second] of [[9, 2], [2, 9]]) {
    const members = [header + day('2026-11-17', first), day('2026-11-18', second)];
    const packed = new Uint8Array(Buffer.concat(members.map((text) => gzipSync(text))));
    console.log(`members of ${members[0].length} and ${members[1].length} bytes`);
    console.log('  Node:', lines(gunzipSync(packed)));
    console.log('  pako:', lines(pako.ungzip(packed)));
    console.log('  fflate, streaming:', lines(streamed(packed)));
    console.log('  fflate, gunzipSync:', lines(fflate.gunzipSync(packed)));
    console.log('  fflate, decompressSync:', lines(fflate.decompressSync(packed)));
}
END

cat >expected <<'END'
members of 311 and 60 bytes
  Node: 12 lines, 371 bytes
  pako: 12 lines, 371 bytes
  fflate, streaming: 12 lines, 371 bytes
  fflate, gunzipSync: 1 lines, 60 bytes
  fflate, decompressSync: 1 lines, 60 bytes
members of 101 and 270 bytes
  Node: 12 lines, 371 bytes
  pako: 12 lines, 371 bytes
  fflate, streaming: 12 lines, 371 bytes
  fflate, gunzipSync: 3 lines, 101 bytes
  fflate, decompressSync: 3 lines, 101 bytes
END
node probe.mjs | tee seen
diff expected seen
echo 'As it was written down.'
