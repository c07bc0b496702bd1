// A child process for each slow request: the parent's loop stays free.
// The document's fork server, for Node 20. The child is node_child.js.
//
// Run, in one terminal:
//     node listings/fork/node.js
// Then, in a second one:
//     curl 127.0.0.1:3001/block-server & sleep 1; curl 127.0.0.1:3001/fast-one
// Look for: the fast answer comes at once, the slow one after five seconds.
// With `curl -i`, `served-by` of the slow one names the child's pid.
//
// PORT (default 3001, 0 picks a free one), BLOCK_MS (default 5000).
"use strict";

const http = require("node:http");
const path = require("node:path");
const { fork } = require("node:child_process");
const { threadId } = require("node:worker_threads");

const HOST = "127.0.0.1";
const PORT = Number(process.env.PORT ?? 3001);
const CHILD = path.join(__dirname, "node_child.js");

// As in the document: there is no last `else`, so an unknown route gets no
// answer and its client waits for ever.
const server = http.createServer((req, res) => {
  if (req.url === "/block-server") {
    answerFromChild(res);
  } else if (req.url === "/fast-one") {
    answer(res, `${process.pid}/${threadId}`, "I am unblocked now!\n");
  }
});

server.listen(PORT, HOST, () => {
  // The port is asked for again, since 0 has become a real one by now.
  const { port } = server.address();
  console.log(`Server running at http://${HOST}:${port}/`);
});

// As in the document: nothing bounds the number of children, and a client
// that leaves does not stop the one that it started.
function answerFromChild(res) {
  const child = fork(CHILD);
  const { pid } = child;

  // As in the document: nobody listens for 'exit', so when the child dies
  // before it has answered, the client waits for ever.
  // As in the document: nobody listens for 'error' either, so a fork that
  // fails takes the server down.
  child.on("message", (text) => {
    // A forked process runs its program on its main thread, number 0.
    answer(res, `${pid}/0`, `${text} Blocked Request!\n`);
  });

  // The channel keeps this message until the child has booted and listens.
  child.send(`start wait ${clock()}`);
}

function answer(res, servedBy, body) {
  res.setHeader("content-type", "text/plain");
  res.setHeader("served-by", servedBy);
  res.end(body);
}

// As in the document: no field is padded, three seconds past five minutes
// past nine is 9:5:3.
function clock() {
  const now = new Date();
  return [now.getHours(), now.getMinutes(), now.getSeconds()].join(":");
}
