//! fails: gone: when a client leaves, its job leaves the queue
//!
//! The future is dropped, and nobody tells the queue.

use std::os::{linux::net::SocketAddrExt, unix::net};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{convert::Infallible, env, error::Error, io, str::FromStr, thread};
use std::{io::Read, io::Write, process, process::ExitCode, sync::Arc};

use crossbeam_channel::{Receiver, Sender, bounded};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::unistd::{Pid, gettid};
use tokio::{net::TcpListener, runtime, sync::oneshot};

/// Something to compute. It ends in a body for the client, or in a panic.
type Job = Box<dyn FnOnce() -> Output + Send>;

/// What a job made, and the thread that it ran on.
type Output = (Pid, String);

/// Why there is no output.
enum Refusal {
    /// All threads are at work, and all places in the queue are taken.
    Full,
    /// The job panicked.
    Panicked,
}

/// A job, and where its output goes. Nobody waits there once the client has
/// left; a job that panics sends nothing.
type Waiting = (Job, oneshot::Sender<Output>);

/// Threads that live as long as the server, and a queue in front of them.
struct Pool {
    queue: Sender<Waiting>,
}

impl Pool {
    /// A pool of `threads` threads, where up to `places` more jobs may wait.
    fn new(threads: usize, places: usize) -> Result<Self, Failure> {
        // A job that a thread has taken is out of the channel, so the
        // channel's bound is the number of those that wait.
        let (queue, jobs) = bounded(places);
        for _ in 0..threads {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name("worker".into())
                .spawn(move || work(jobs))?;
        }
        Ok(Pool { queue })
    }

    /// Has a job done by one of the threads, and waits for its output. If the
    /// client leaves, hyper drops this future.
    async fn run(&self, job: Job) -> Result<Output, Refusal> {
        let (reply, output) = oneshot::channel();
        // `send` would put the thread that serves to sleep until there is
        // room.
        self.queue.try_send((job, reply)).map_err(|_| Refusal::Full)?;
        // `recv` of crossbeam would do the same until the job is done. This
        // one wakes a task.
        output.await.map_err(|_| Refusal::Panicked)
    }
}

/// The life of a thread of the pool.
fn work(jobs: Receiver<Waiting>) {
    for (job, reply) in jobs {
        // Around one job and not around the loop, so that the thread goes on.
        // What the job has seen is dropped with it, so nobody can find it
        // half changed.
        if let Ok(output) = catch_unwind(AssertUnwindSafe(job)) {
            let _ = reply.send(output);
        }
    }
}

// What follows is given.

type Answer = Response<Full<Bytes>>;
type Failure = Box<dyn Error + Send + Sync>;

/// Answers one request, on the thread that serves.
async fn answer(
    request: Request<Incoming>,
    pool: Arc<Pool>,
) -> Result<Answer, Infallible> {
    let query = request.uri().query().unwrap_or("");
    let job: Job = match request.uri().path() {
        "/work" => {
            let (seed, n) = (field(query, "seed"), field(query, "n"));
            let (Some(seed), Some(n)) = (seed, n) else {
                return Ok(reply(400, gettid(), "/work?seed=S&n=COUNT\n"));
            };
            Box::new(move || (gettid(), format!("{}\n", checksum(seed, n))))
        }
        "/hold" => {
            let Some(key) = field(query, "key") else {
                return Ok(reply(400, gettid(), "/hold?key=K\n"));
            };
            Box::new(move || (gettid(), hold(key)))
        }
        "/panic" => Box::new(|| panic!("a job panics, as it was asked to")),
        "/fast" => return Ok(reply(200, gettid(), "fast\n")),
        _ => return Ok(reply(404, gettid(), "no such route\n")),
    };
    Ok(match pool.run(job).await {
        Ok((thread, text)) => reply(200, thread, text),
        Err(Refusal::Full) => reply(503, gettid(), "too many at once\n"),
        Err(Refusal::Panicked) => reply(500, gettid(), "the job panicked\n"),
    })
}

/// Mixes `n` numbers into one. Each step needs the one before it.
fn checksum(seed: u64, n: u64) -> u64 {
    (0..n).fold(seed, |sum, step| {
        (sum ^ step).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23)
    })
}

/// Work that takes as long as the grader likes: it knocks at the grader's
/// gate, and its thread sleeps until the gate lets it through.
fn hold(key: String) -> String {
    let through = || -> io::Result<()> {
        let address = net::SocketAddr::from_abstract_name(&key)?;
        let mut gate = net::UnixStream::connect_addr(&address)?;
        writeln!(gate, "{}", gettid())?;
        gate.read_exact(&mut [0])
    };
    match through() {
        Ok(()) => format!("{key}\n"),
        Err(error) => format!("no gate {key}: {error}\n"),
    }
}

fn main() -> ExitCode {
    let Err(problem) = run() else { return ExitCode::SUCCESS };
    eprintln!("ex-pool: {problem}");
    ExitCode::FAILURE
}

fn run() -> Result<(), Failure> {
    let port: u16 = number("PORT", "3001")?;
    let pool = Pool::new(number("THREADS", "2")?, number("QUEUE", "2")?)?;
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        println!("Server running at http://{}/", listener.local_addr()?);
        serve(listener, Arc::new(pool)).await
    })
}

async fn serve(listener: TcpListener, pool: Arc<Pool>) -> Result<(), Failure> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new());
    loop {
        let (stream, _) = listener.accept().await?;
        let pool = Arc::clone(&pool);
        let service =
            service_fn(move |request| answer(request, Arc::clone(&pool)));
        tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
    }
}

fn reply(status: u16, thread: Pid, body: impl Into<Bytes>) -> Answer {
    let head = Response::builder().status(status);
    let head = if status == 503 { head.header("retry-after", 1) } else { head };
    head.header("content-type", "text/plain")
        .header("served-by", format!("{}/{thread}", process::id()))
        .body(Full::new(body.into()))
        .expect("plain ASCII headers")
}

/// A field of a query such as `seed=7&n=1000`.
fn field<T: FromStr>(query: &str, name: &str) -> Option<T> {
    let mut fields = query.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(key, _)| *key == name)?.1.parse().ok()
}

/// Reads a number from the environment, or says what to set.
fn number<N: FromStr>(name: &str, default: &str) -> Result<N, String> {
    let text = env::var(name).unwrap_or(default.into());
    let wrong = format!("{name}={text} will not do; try {name}={default}");
    text.parse().or(Err(wrong))
}
