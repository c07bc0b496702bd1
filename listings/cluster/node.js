// Several copies of one server behind one port: while one computes, the
// others answer. The document's cluster, for Node 20.
//
// Run, in one terminal:
//     node listings/cluster/node.js
// Then, in a second one:
//     for i in 1 2; do curl -i 127.0.0.1:3001/block-server & done; wait
// Look for: two different pids in `served-by`, and both answers after five
// seconds, not five and ten.
//
// PORT (default 3001, 0 picks a free one), BLOCK_MS (default 5000),
// WORKERS (default 6).
"use strict";

const cluster = require("node:cluster");
const http = require("node:http");
const { threadId } = require("node:worker_threads");

const HOST = "127.0.0.1";
const PORT = Number(process.env.PORT ?? 3001);
const BLOCK_MS = Number(process.env.BLOCK_MS ?? 5000);
// As in the document: six, whatever the number of cores.
const WORKERS = Number(process.env.WORKERS ?? 6);

// The file runs once as the primary and once more in every worker.
if (cluster.isPrimary) {
  primary();
} else {
  worker();
}

function primary() {
  console.log(`Primary ${process.pid} is running`);

  // As in the document: a death is logged and nobody takes the dead worker's
  // place, so after the last one the primary has nothing left to wait for and
  // exits with code 0.
  cluster.on("exit", ({ process: { pid } }) => {
    console.log(`worker ${pid} died`);
  });

  for (let n = 0; n < WORKERS; n += 1) {
    cluster.fork();
  }
}

function worker() {
  // As in the document: there is no last `else`, so an unknown route gets no
  // answer and its client waits for ever.
  const server = http.createServer((req, res) => {
    if (req.url === "/block-server") {
      console.log(`Worker ${process.pid} start block-server`);
      spin(BLOCK_MS);
      answer(res, "Blocked Request!\n");
    } else if (req.url === "/fast-one") {
      answer(res, "I am unblocked now!\n");
    }
  });

  // Only the primary listens: it accepts each connection and passes it to the
  // next worker that is free. A worker counts as free again before it has
  // read the request, so one that blocks still traps one more client.
  server.listen(PORT, HOST, () => {
    // With port 0 the primary picks one port and tells it to all workers.
    const { port } = server.address();
    const url = `http://${HOST}:${port}/`;
    console.log(`Server running at ${url} Worker ${process.pid}`);
  });
}

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
