// One thread, one event loop: a handler that computes stops everybody.
// The document's blocked server, for Node 20.
//
// Run, in one terminal:
//     node listings/blocked/node.js
// Then, in a second one:
//     curl 127.0.0.1:3001/block-server & sleep 1; curl 127.0.0.1:3001/fast-one
// Look for: both answers come at the same moment, the fast one four seconds
// late, because nothing reads its request before the loop ends.
//
// PORT (default 3001, 0 picks a free one), BLOCK_MS (default 5000).
"use strict";

const http = require("node:http");
const { threadId } = require("node:worker_threads");

const HOST = "127.0.0.1";
const PORT = Number(process.env.PORT ?? 3001);
const BLOCK_MS = Number(process.env.BLOCK_MS ?? 5000);

// As in the document: there is no last `else`, so an unknown route gets no
// answer and its client waits for ever.
const server = http.createServer((req, res) => {
  if (req.url === "/block-server") {
    console.log("start block-server");
    spin(BLOCK_MS);
    answer(res, "Blocked Request!\n");
  } else if (req.url === "/fast-one") {
    answer(res, "I am unblocked now!\n");
  }
});

server.listen(PORT, HOST, () => {
  // The port is asked for again, since 0 has become a real one by now.
  const { port } = server.address();
  console.log(`Server running at http://${HOST}:${port}/`);
});

function answer(res, body) {
  res.setHeader("content-type", "text/plain");
  res.setHeader("served-by", `${process.pid}/${threadId}`);
  res.end(body);
}

// As in the document: this waits for a clock, it does no amount of work, so
// many of them at once on one core take no longer than one.
function spin(ms) {
  const end = Date.now() + ms;
  while (Date.now() < end);
}
