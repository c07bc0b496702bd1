// The other half of node.js: waits for one message, blocks, answers, exits.
//
// Run, in one terminal; node.js forks it once for each slow request:
//     node listings/fork/node.js
// Then, in a second one:
//     curl 127.0.0.1:3001/block-server & sleep 1; pgrep -af node_child
// Look for: a second process of Node, there only while its request lasts.
//
// BLOCK_MS (default 5000), inherited from the parent's environment.
"use strict";

const BLOCK_MS = Number(process.env.BLOCK_MS ?? 5000);

process.on("message", (text) => {
  console.log(text);
  spin(BLOCK_MS);

  process.send("End wait");
  // A listener keeps the channel, and the channel keeps the process: without
  // this line each child would stay for as long as its parent lives.
  // As in the document: exit does not wait for the channel to drain, so an
  // answer too long for the socket's buffer would be lost without an error.
  process.exit();
});

// As in the document: this waits for a clock, it does no amount of work, so
// many of them at once on one core take no longer than one.
function spin(ms) {
  const end = Date.now() + ms;
  while (Date.now() < end);
}
