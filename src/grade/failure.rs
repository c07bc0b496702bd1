use std::{fmt, io};

use crate::lab::Error;

/// Why a criterion is not met, in words for a student: what was seen, and the
/// question that leads to what they may have got wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    pub(super) observed: String,
    pub(super) question: String,
    pub(super) scene: String,
}

impl Failure {
    /// What was observed ("the fast request was answered after the slow one"),
    /// and the question that names the misconception ("is the work still on
    /// the thread that serves connections?").
    pub fn new(
        observed: impl Into<String>,
        question: impl Into<String>,
    ) -> Self {
        let scene = String::new();
        Failure { observed: observed.into(), question: question.into(), scene }
    }

    /// Adds what helps to understand it, such as all that was printed. It is
    /// shown below, and its middle is left out if it is long.
    pub fn with_scene(mut self, scene: impl AsRef<str>) -> Self {
        self.scene = shortened(scene.as_ref().trim_end());
        self
    }
}

/// Who has printed a million lines wants to see the first and the last.
fn shortened(scene: &str) -> String {
    const LINES: usize = 15;
    const COLUMNS: usize = 200;
    let lines: Vec<String> = scene
        .lines()
        .map(|line| line.chars().take(COLUMNS).collect())
        .collect();
    if lines.len() <= 2 * LINES + 1 {
        return lines.join("\n");
    }
    let left_out = lines.len() - 2 * LINES;
    let middle = format!("  ... {left_out} more lines ...");
    let (first, last) = (&lines[..LINES], &lines[lines.len() - LINES..]);
    [first, &[middle], last].concat().join("\n")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.observed, self.question)?;
        for line in self.scene.lines() {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Hang { what, scene } => Failure::new(
                format!("waited for {what} in vain"),
                "what keeps it from happening?",
            )
            .with_scene(scene),
            Error::NoAnswer { request, reason, scene } => Failure::new(
                format!("no answer to {request}: {reason}"),
                "did the program end, or let go of the connection?",
            )
            .with_scene(scene),
            Error::Exited { command, status, stderr } => Failure::new(
                format!("the program ended before it was ready: {status}"),
                "does it print `Server running at http://127.0.0.1:PORT/` \
                 once it listens, and stay?",
            )
            .with_scene(format!("command: {command}\n{stderr}")),
            Error::Survivors { scene } => Failure::new(
                "a process of the program can't be killed",
                "what is it doing in the kernel?",
            )
            .with_scene(scene),
            other => Failure::new(other.to_string(), "is the program gone?"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::new(
            format!("the program's streams failed: {error}"),
            "did it end, or close them?",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_scenes_keep_their_ends() {
        let lines: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        let failure = Failure::new("a", "b?").with_scene(lines.join("\n"));
        let text = failure.to_string();
        assert!(text.starts_with("a: b?\n    0\n"), "{text}");
        assert!(text.contains("... 970 more lines ..."), "{text}");
        assert!(text.ends_with("\n    999"), "{text}");
    }
}
