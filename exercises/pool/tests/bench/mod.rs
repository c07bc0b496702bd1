//! A pool's server under observation, and jobs that the grader holds in it.

mod gate;
mod task;

use std::thread;
use std::time::Duration;

use unblocked::grade::{Failure, Submission};
use unblocked::lab::{Answer, Connection, Pending, Server};

use self::gate::Gate;
use self::task::Task;
pub use self::task::tasks;

/// How often in a row the whole server must be found asleep before what has
/// not happened counts as never happening.
///
/// It is a number of looks and not a time. Whoever looks so often has been
/// given a CPU so often, and whatever else is under way, in the kernel or in
/// the client, was given one too. A machine that stands still for a while, as
/// virtual ones do, looks at nothing meanwhile.
const ASLEEP: u32 = 250;

/// After so many looks a server that never falls asleep is given up.
const RESTLESS: u32 = 10 * ASLEEP;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// A server, and the jobs that it was sent and has not answered.
pub struct Bench {
    /// The submission.
    pub server: Server,
    /// A connection that stays open, for questions that are not graded. Fresh
    /// ones would come and go among the file descriptors.
    probe: Connection,
    jobs: Vec<Job>,
}

/// A job that ends when the grader wants.
struct Job {
    gate: Gate,
    pending: Pending,
}

impl Bench {
    /// Starts the submission with so many threads, and so many places to wait.
    pub fn start(
        submission: &Submission,
        threads: usize,
        places: usize,
    ) -> Result<Self, Failure> {
        let (threads, places) = (threads.to_string(), places.to_string());
        let variables = [("THREADS", &*threads), ("QUEUE", &*places)];
        let server = submission.start(&variables)?;
        let probe = server.connect()?;
        Ok(Bench { server, probe, jobs: Vec::new() })
    }

    /// Sends jobs to be held, each on a fresh connection.
    pub fn send(&mut self, jobs: usize) -> Result<(), Failure> {
        for _ in 0..jobs {
            let gate = Gate::new()?;
            let pending = self.server.enqueue(&gate.path())?;
            self.jobs.push(Job { gate, pending });
        }
        Ok(())
    }

    /// Sends jobs to be held, one after the other as soon as the last one is
    /// at work. Stops early when one does not get to work, and says how many
    /// are.
    pub fn occupy(&mut self, jobs: usize) -> Result<usize, Failure> {
        for _ in 0..jobs {
            self.send(1)?;
            let last = self.jobs.len() - 1;
            if !self.comes(|bench| bench.jobs[last].gate.knocked())? {
                break;
            }
        }
        self.at_work()
    }

    /// How many jobs stand at their gates.
    pub fn at_work(&mut self) -> Result<usize, Failure> {
        let mut knocked = 0;
        for job in &mut self.jobs {
            knocked += usize::from(job.gate.knocked()?);
        }
        Ok(knocked)
    }

    /// The threads that the jobs at their gates run on. The kernel knows each
    /// of them as a thread of the server, and none is the one that serves.
    pub fn threads_at_work(&mut self) -> Result<Vec<u32>, Failure> {
        let known = self.server.threads()?;
        let at_work = self.jobs.iter().filter_map(|job| job.gate.thread());
        let at_work: Vec<u32> = at_work.collect();
        for tid in &at_work {
            if *tid == self.server.pid() {
                return Err(Failure::new(
                    "a job was at work on the thread that serves",
                    "who calls the job: a thread of the pool, or `run`?",
                ));
            }
            if !known.iter().any(|thread| thread.tid == *tid) {
                return Err(Failure::new(
                    format!("a job was at work on {tid}, no thread of yours"),
                    "does the job run in the server's own process?",
                ));
            }
        }
        Ok(at_work)
    }

    /// How many jobs have an answer, although nobody let them through.
    pub fn answered(&self) -> usize {
        self.jobs.iter().filter(|job| job.pending.is_answered()).count()
    }

    /// Forgets the jobs that have an answer.
    pub fn forget_answered(&mut self) {
        self.jobs.retain(|job| !job.pending.is_answered());
    }

    /// The client of the latest job leaves. Returns its gate, and when the
    /// server has noticed.
    pub fn leave(&mut self) -> Result<Gate, Failure> {
        let fds = self.server.open_fds()?;
        let job = self.jobs.pop().expect("a job was sent");
        job.pending.abandon();
        if !self.comes(|bench| Ok(bench.server.open_fds()? < fds))? {
            return Err(Failure::new(
                "the server kept the connection of a client that had left",
                "does anything hold up the thread that serves?",
            ));
        }
        Ok(job.gate)
    }

    /// Lets one job after the other through, as they get to work, and checks
    /// the answer of each.
    pub fn drain(&mut self) -> Result<(), Failure> {
        while !self.jobs.is_empty() {
            self.comes(|bench| Ok(bench.at_work()? + bench.answered() > 0))?;
            let ready = self.jobs.iter().position(|job| {
                job.gate.thread().is_some() || job.pending.is_answered()
            });
            let Some(ready) = ready else {
                let waiting = self.jobs.len();
                return Err(Failure::new(
                    format!("{waiting} jobs that waited never got to work"),
                    "what does a thread do when its job is done?",
                ));
            };
            let mut job = self.jobs.swap_remove(ready);
            job.gate.open()?;
            let answer = self.answer(job.pending)?;
            let key = answer.body.trim_end();
            if (answer.status, key) != (200, job.gate.key()) {
                return Err(Failure::new(
                    format!("a job that was let in got {}", seen(&answer)),
                    "which jobs take a place in the queue, and until when?",
                ));
            }
        }
        Ok(())
    }

    /// Waits for an answer that nothing may hold up.
    pub fn answer(&mut self, pending: Pending) -> Result<Answer, Failure> {
        if !self.comes(|_| Ok(pending.is_answered()))? {
            return Err(Failure::new(
                "a job could go on, and its client never got an answer",
                "who sends the output to the client, on each way out?",
            ));
        }
        Ok(pending.answer()?)
    }

    /// Waits until the server has read all that it was sent, and has nothing
    /// more to do.
    pub fn settle(&mut self) -> Result<(), Failure> {
        let read = self.probe.enqueue("/fast")?;
        if !self.comes(|_| Ok(read.is_answered()))? {
            return Err(Failure::new(
                "the server read no more requests while jobs were at work",
                "does the thread that serves wait for a job, or for room?",
            ));
        }
        for _ in 0..ASLEEP {
            let asleep = self.asleep()?;
            if asleep.is_some() && asleep == self.asleep()? {
                break;
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Waits until something is true. It is false when the server sleeps,
    /// in all of its threads: then it will not come by waiting either.
    pub fn comes(
        &mut self,
        mut done: impl FnMut(&mut Self) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        let (mut last, mut in_a_row) = (None, 0);
        for _ in 0..RESTLESS {
            if done(self)? {
                return Ok(true);
            }
            let asleep = self.asleep()?;
            let still = asleep.is_some() && asleep == last;
            (last, in_a_row) = (asleep, if still { in_a_row + 1 } else { 0 });
            if in_a_row == ASLEEP {
                break;
            }
            thread::sleep(PAUSE);
        }
        done(self)
    }

    /// The threads, if all of them sleep. Two equal answers: none has run in
    /// between.
    fn asleep(&self) -> Result<Option<Vec<Task>>, Failure> {
        let tasks = tasks(&self.server)?;
        Ok(tasks.iter().all(|task| task.state == 'S').then_some(tasks))
    }
}

/// An answer in words.
pub fn seen(answer: &Answer) -> String {
    format!("{} {:?}", answer.status, answer.body)
}
