// The other half of node.js: counts to COUNT for each message that it gets.
//
// Run, in one terminal; node.js starts a thread of it for each slow request:
//     cd listings/workers && node node.js
// Then, in a second one:
//     curl 127.0.0.1:3001/; ls /proc/$(pgrep -xf 'node node.js')/task | wc -l
// Look for: after each request one thread more than before.
//
// COUNT (default 1e9): real work, not a clock, so a second one on the same
// core takes twice as long.
"use strict";

const { parentPort } = require("node:worker_threads");

const COUNT = Number(process.env.COUNT ?? 1e9);

// As in the document: a listener with `on` keeps the port open and thereby
// the thread alive, so each request leaks one; `once` would let it end.
parentPort.on("message", (text) => {
  console.log(text);

  let count = 0;
  while (count < COUNT) {
    count += 1;
  }

  parentPort.postMessage(String(count));
});
