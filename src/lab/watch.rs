use std::process::ExitStatus;

use super::{
    Answer, Error, Line, Memory, Process, Progress, Server, Stream, Thread,
    process, run,
};

/// What can be seen of a server from outside.
impl Server {
    /// Its living children.
    ///
    /// # Errors
    ///
    /// When the kernel does not tell, as for all of these.
    pub fn children(&self) -> Result<Vec<Process>, Error> {
        let mut children = process::children(self.pid())?;
        children.retain(|process| !process.is_zombie());
        Ok(children)
    }

    /// The living processes of its group, itself first.
    ///
    /// # Errors
    ///
    /// As [`children`](Self::children).
    pub fn processes(&self) -> Result<Vec<Process>, Error> {
        let mut group = process::group(self.pid())?;
        group.retain(|process| !process.is_zombie());
        group.sort_by_key(|process| (process.pid != self.pid(), process.pid));
        Ok(group)
    }

    /// Those of its group that are dead and not reaped.
    ///
    /// # Errors
    ///
    /// As [`children`](Self::children).
    pub fn zombies(&self) -> Result<Vec<Process>, Error> {
        let mut group = process::group(self.pid())?;
        group.retain(Process::is_zombie);
        Ok(group)
    }

    /// Its threads.
    ///
    /// # Errors
    ///
    /// As [`children`](Self::children).
    pub fn threads(&self) -> Result<Vec<Thread>, Error> {
        process::threads(self.pid())
    }

    /// How many file descriptors it has open.
    ///
    /// # Errors
    ///
    /// As [`children`](Self::children).
    pub fn open_fds(&self) -> Result<usize, Error> {
        process::open_fds(self.pid())
    }

    /// What it costs in memory.
    ///
    /// # Errors
    ///
    /// As [`children`](Self::children).
    pub fn memory(&self) -> Result<Memory, Error> {
        process::memory(self.pid())
    }

    /// All that it has printed so far.
    pub fn output(&self) -> Vec<Line> {
        self.run.state().lines.clone()
    }

    /// The lines on its standard output so far.
    pub fn stdout(&self) -> Vec<String> {
        self.printed_to(Stream::Stdout)
    }

    /// The lines on its standard error so far.
    pub fn stderr(&self) -> Vec<String> {
        self.printed_to(Stream::Stderr)
    }

    fn printed_to(&self, stream: Stream) -> Vec<String> {
        let mut lines = self.output();
        lines.retain(|line| line.stream == stream);
        lines.into_iter().map(|line| line.text).collect()
    }

    /// What is known of the requests that it was sent, in the order of
    /// sending and without the first `skip` of them.
    pub fn progress(&self, skip: usize) -> Vec<Progress> {
        let state = self.run.state();
        let requests = state.requests.iter().skip(skip);
        requests
            .map(|request| {
                let run::Request { sent_at, started_at, ref outcome, .. } =
                    *request;
                let outcome = outcome.clone().map(|outcome| {
                    let response = outcome?;
                    let sent_at = sent_at.ok_or("it was never sent")?;
                    Ok(Answer::new(sent_at, started_at, response))
                });
                Progress { sent_at, started_at, outcome }
            })
            .collect()
    }

    /// Waits for a line that it has printed or will print.
    ///
    /// # Errors
    ///
    /// When it hangs.
    pub fn wait_for_line(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, Error> {
        self.run.wait("a certain line", |state| {
            let mut lines = state.lines.iter();
            lines.find(|line| wanted(&line.text)).map(|line| line.text.clone())
        })
    }

    /// Waits until something is true, which `what` says in words.
    ///
    /// # Errors
    ///
    /// The first one of `check`, or a hang.
    pub fn wait_until(
        &self,
        what: &str,
        mut check: impl FnMut() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        self.run.poll(what, || Ok(check()?.then_some(())))
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    ///
    /// When it hangs.
    pub fn wait_for_exit(&self) -> Result<ExitStatus, Error> {
        self.run.poll("its end", || Ok(self.ended()))
    }
}
