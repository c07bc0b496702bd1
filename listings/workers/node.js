// A thread for each slow request: it counts, the main thread stays free.
// The document's worker server, for Node 20. The thread is node_worker.js.
//
// Run, in one terminal:
//     cd listings/workers && node node.js
// Then, in a second one:
//     curl -i 127.0.0.1:3001/ & sleep 0.1; curl -i 127.0.0.1:3001/fast
// Look for: the fast answer comes first. Both are from one pid, and after the
// slash in `served-by` stands another thread, 0 is the main one.
//
// PORT (default 3001, 0 picks a free one), COUNT (default 1e9).
"use strict";

const http = require("node:http");
const { Worker, threadId } = require("node:worker_threads");

const HOST = "127.0.0.1";
const PORT = Number(process.env.PORT ?? 3001);

// The document uses express. This is what a client sees of it: GET routes
// answer HEAD too, case, query and a last slash do not matter, strings are
// sent as HTML, and all else is 404.
const server = http.createServer((req, res) => {
  const [path] = req.url.split("?");
  const route = path.toLowerCase();
  const reads = req.method === "GET" || req.method === "HEAD";

  if (reads && route === "/") {
    answerFromWorker(res);
  } else if (reads && (route === "/fast" || route === "/fast/")) {
    answer(res, threadId, "This was fast!");
  } else {
    res.writeHead(404, { "content-type": "text/plain" });
    res.end(`Cannot ${req.method} ${path}\n`);
  }
});

server.listen(PORT, HOST, () => {
  // The port is asked for again, since 0 has become a real one by now.
  const { port } = server.address();
  console.log(`Server running at http://${HOST}:${port}/`);
});

// As in the document: nothing bounds the number of threads, and a client
// that leaves does not stop the one that it started.
function answerFromWorker(res) {
  // As in the document: a relative path is looked up in the directory that
  // the server was started in, not beside this file.
  // As in the document: nobody listens for 'error', so a throw in the worker,
  // or a file that is not there, kills the server and every open request.
  const worker = new Worker("./node_worker.js");

  worker.on("message", (count) => {
    console.log(count);
    // As in the document: nobody ends the worker, it stays after its answer.
    answer(res, worker.threadId, count);
  });

  worker.postMessage("start!");
}

function answer(res, thread, body) {
  res.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "served-by": `${process.pid}/${thread}`,
  });
  res.end(body);
}
