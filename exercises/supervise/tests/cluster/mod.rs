//! A cluster that is watched, and one worker of it at a time.

use std::ops::RangeInclusive;
use std::thread::sleep;
use std::time::Duration;

use unblocked::grade::{Failure, Submission};
use unblocked::lab::{Connection, Process, Server, Signal};

/// So often it is looked for what should come, with a short pause in between:
/// a guard against hangs, which measures nothing. On a busy machine a look
/// takes longer, and so does what is looked for. A replacement that comes
/// within a second is seen.
pub const LOOKS: u32 = 1000;

/// The pause between two looks.
pub const PAUSE: Duration = Duration::from_millis(2);

pub struct Cluster {
    pub server: Server,
}

impl Cluster {
    /// Starts a cluster of so many workers, and waits until each has answered.
    pub fn start(
        submission: &Submission,
        workers: RangeInclusive<u64>,
        variables: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let count = submission.random(workers);
        let number = count.to_string();
        let mut all = vec![("WORKERS", number.as_str())];
        all.extend(variables);
        let cluster = Cluster { server: submission.start(&all)? };
        submission.step("waiting for an answer of each worker");
        let question = "does `watch` stop or start anybody without a death?";
        let observed = format!("there are not {count} workers at the start");
        let workers = cluster.wait(observed, question, |workers| {
            (workers.len() as u64 == count).then(|| workers.to_vec())
        })?;
        for worker in workers {
            cluster.connect(worker.pid)?;
        }
        Ok(cluster)
    }

    /// The living workers.
    pub fn workers(&self) -> Result<Vec<Process>, Failure> {
        workers(&self.server)
    }

    /// Opens a connection to this worker: nobody else can accept meanwhile.
    pub fn connect(&self, worker: u32) -> Result<Connection, Failure> {
        let _others = Stopped::others(self, worker)?;
        let connection = self.server.connect()?;
        let pending = connection.enqueue("/pid")?;
        let observed = "a worker that runs does not answer";
        self.wait(observed, "does it have the listener?", |_| {
            pending.is_answered().then_some(())
        })?;
        let answer = pending.answer()?;
        if answer.body.trim() != worker.to_string() {
            return Err(Failure::new(
                format!("worker {worker} says that it is {:?}", answer.body),
                "do you start the workers with `start`?",
            ));
        }
        Ok(connection)
    }

    /// Has this worker exit with a code.
    pub fn exit(&self, worker: u32, code: u64) -> Result<(), Failure> {
        let connection = self.connect(worker)?;
        let pending = connection.enqueue(&format!("/exit?code={code}"))?;
        self.wait("a worker does not exit", "is it stopped?", |workers| {
            workers.iter().all(|it| it.pid != worker).then_some(())
        })?;
        pending.abandon();
        Ok(())
    }

    /// Waits until there are as many workers as `before`, without the dead,
    /// and returns the new ones.
    pub fn replacement(
        &self,
        before: &[Process],
        dead: &[u32],
        question: &str,
    ) -> Result<Vec<u32>, Failure> {
        let observed = match dead.len() {
            1 => "a worker died and was not replaced".into(),
            number => format!("{number} died and not all were replaced"),
        };
        self.wait(observed, question, |workers| {
            let new = workers.iter().map(|it| it.pid);
            let new = new.filter(|pid| before.iter().all(|b| b.pid != *pid));
            let gone = workers.iter().all(|it| !dead.contains(&it.pid));
            let new: Vec<u32> = new.collect();
            let whole = gone && workers.len() == before.len();
            (whole && new.len() >= dead.len()).then_some(new)
        })
    }

    /// Waits until `check` finds what it looks for among the living workers.
    pub fn wait<T>(
        &self,
        observed: impl Into<String>,
        question: &str,
        mut check: impl FnMut(&[Process]) -> Option<T>,
    ) -> Result<T, Failure> {
        for _ in 0..LOOKS {
            let mut workers = self.server.processes()?;
            let pid = self.server.pid();
            let lives = workers.iter().any(|process| process.pid == pid);
            workers.retain(|process| process.pid != pid);
            if let Some(found) = check(&workers) {
                return Ok(found);
            }
            if !lives {
                let status = self.server.wait_for_exit()?;
                let observed = format!("the primary ended with {status}");
                let printed = self.server.stderr().join("\n");
                return Err(
                    Failure::new(observed, question).with_scene(printed)
                );
            }
            sleep(PAUSE);
        }
        Err(Failure::new(observed, question))
    }

    /// Waits until nothing is left of a worker, not even a zombie.
    pub fn wait_until_reaped(&self, worker: u32) -> Result<(), Failure> {
        self.wait_for_zombies("a dead worker is not reaped", |zombies| {
            zombies.iter().all(|it| it.pid != worker)
        })
    }

    /// Kills workers in the same moment: the primary sleeps until all of them
    /// are dead, so one SIGCHLD is all it gets.
    pub fn kill_at_once(&self, workers: &[&Process]) -> Result<(), Failure> {
        self.rest()?;
        self.server.signal(Signal::SIGSTOP)?;
        let observed = "the primary does not stop on SIGSTOP";
        self.wait(observed, "what is it doing?", |_| {
            let primary = primary(&self.server).ok()??;
            (primary.state == 'T').then_some(())
        })?;
        for worker in workers {
            worker.signal(Signal::SIGKILL)?;
        }
        self.wait_for_zombies("a worker survives SIGKILL", |zombies| {
            zombies.len() == workers.len()
        })?;
        Ok(self.server.signal(Signal::SIGCONT)?)
    }

    /// Lets all of them fall asleep: a worker that was stopped tells of its
    /// going on when it runs again, with a SIGCHLD too many. Who never sleeps
    /// is not waited for.
    fn rest(&self) -> Result<(), Failure> {
        for _ in 0..LOOKS {
            if self.server.processes()?.iter().all(|it| it.state == 'S') {
                break;
            }
            sleep(PAUSE);
        }
        Ok(())
    }

    fn wait_for_zombies(
        &self,
        observed: &str,
        check: impl Fn(&[Process]) -> bool,
    ) -> Result<(), Failure> {
        self.wait(observed, "who waits for the dead?", |_| {
            check(&self.server.zombies().ok()?).then_some(())
        })
    }
}

/// The living processes of its group, without the primary.
pub fn workers(server: &Server) -> Result<Vec<Process>, Failure> {
    let mut workers = server.processes()?;
    workers.retain(|process| process.pid != server.pid());
    Ok(workers)
}

/// The primary, if it lives.
pub fn primary(server: &Server) -> Result<Option<Process>, Failure> {
    let mut all = server.processes()?.into_iter();
    Ok(all.find(|process| process.pid == server.pid()))
}

/// Workers that are stopped until this is dropped.
struct Stopped(Vec<Process>);

impl Stopped {
    fn others(cluster: &Cluster, but: u32) -> Result<Self, Failure> {
        let mut stopped = Stopped(Vec::new());
        let observed = "a worker does not stop on SIGSTOP";
        cluster.wait(observed, "what is it doing?", |workers| {
            let mut others = workers.to_vec();
            others.retain(|it| it.pid != but && it.state != 'T');
            for other in &others {
                // If it ended just now, it does not accept either.
                let _ = other.signal(Signal::SIGSTOP);
            }
            let all = others.is_empty().then_some(());
            stopped.0.append(&mut others);
            all
        })?;
        Ok(stopped)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        for worker in &self.0 {
            let _ = worker.signal(Signal::SIGCONT);
        }
    }
}
