//! Requests for work: what must come out, and how much of it is enough.

use std::num::Wrapping;
use std::time::Duration;

use unblocked::grade::{Failure, Submission};
use unblocked::lab::{Answer, Server};

/// A request for work, and what must come out.
pub struct Task {
    seed: u64,
    rounds: u64,
}

impl Task {
    pub fn new(submission: &Submission, rounds: u64) -> Self {
        Task { seed: submission.random(..), rounds }
    }

    pub fn path(&self) -> String {
        format!("/work?seed={}&n={}", self.seed, self.rounds)
    }

    pub fn judge(&self, answer: &Answer) -> Result<(), Failure> {
        let wanted = self.checksum();
        if answer.status != 200 || answer.body.trim() != wanted.to_string() {
            return Err(Failure::new(
                format!(
                    "{} was answered with {} {:?} instead of {wanted}",
                    self.path(),
                    answer.status,
                    answer.body,
                ),
                "is it the checksum of this very seed and n?",
            ));
        }
        Ok(())
    }

    /// The grader takes a short cut: n rounds of `x * a + c` are one round
    /// with another `a` and `c`, which come from those for half of n.
    fn checksum(&self) -> u64 {
        let mut once = (
            Wrapping(6_364_136_223_846_793_005),
            Wrapping(1_442_695_040_888_963_407),
        );
        let (mut factor, mut summand) = (Wrapping(1_u64), Wrapping(0_u64));
        let mut rounds = self.rounds;
        while rounds > 0 {
            if rounds % 2 == 1 {
                (factor, summand) =
                    (factor * once.0, summand * once.0 + once.1);
            }
            once = (once.0 * once.0, once.1 * once.0 + once.1);
            rounds /= 2;
        }
        (Wrapping(self.seed) * factor + summand).0
    }
}

/// How much work is enough to be overtaken.
pub struct Load {
    pub rounds: u64,
    pub cpu: Duration,
}

impl Load {
    /// Enough for the kernel's clock.
    const SAMPLE: Duration = Duration::from_millis(10);

    /// How many rounds take so much CPU time. It asks for more and more work,
    /// until that takes a time that can be measured. A machine, and a build, may be fast or slow.
    pub fn calibrate(
        submission: &Submission,
        server: &Server,
        cpu: Duration,
    ) -> Result<Self, Failure> {
        let mut rounds = 100_000;
        // No machine does more in the time that a criterion has.
        while rounds < 1 << 36 {
            let task = Task::new(submission, rounds);
            let before = submission.cpu_time(server.pid());
            submission
                .step(format!("waiting for the answer to {}", task.path()));
            let answer = server.enqueue(&task.path())?.answer()?;
            let used = submission.cpu_time(server.pid()).saturating_sub(before);
            task.judge(&answer)?;
            if used >= Load::SAMPLE {
                let factor = cpu.as_secs_f64() / used.as_secs_f64();
                let rounds = (rounds as f64 * factor) as u64;
                return Ok(Load { rounds, cpu });
            }
            rounds *= 4;
        }
        Err(idle())
    }
}

/// What a program is told that does not work.
pub fn idle() -> Failure {
    Failure::new(
        "/work was answered and hardly any CPU time was used",
        "does it compute each checksum itself, round by round?",
    )
}
